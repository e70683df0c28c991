/** Maximum number of characters of an id in a message. */
const maxLength = 200;

/**
 * Quotes an id for a message. An id is the only value of the caller in a message: it shows which record has to be
 * corrected.
 */
export function quoteId(id: string): string {
  return JSON.stringify(id.length <= maxLength ? id : `${id.slice(0, maxLength)}…`);
}
