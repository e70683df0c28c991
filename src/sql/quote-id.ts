/** How much of an id a message shows. */
const maxLength = 200;

/**
 * Quotes an id for a message. Messages hold no other value of the caller's: whoever has to correct an invalid record must
 * know which one it is.
 */
export function quoteId(id: string): string {
  return JSON.stringify(id.length <= maxLength ? id : `${id.slice(0, maxLength)}…`);
}
