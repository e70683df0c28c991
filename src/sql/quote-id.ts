/** Maximum number of characters of an id in an error message. */
const maxLength = 200;

/**
 * Quotes an id for an error message. Messages contain no other value of the caller. They contain the id because it
 * shows which record has to be corrected.
 */
export function quoteId(id: string): string {
  return JSON.stringify(id.length <= maxLength ? id : `${id.slice(0, maxLength)}…`);
}
