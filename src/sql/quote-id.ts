/** Maximum number of characters of an id in a message. */
const maxLength = 200;

/**
 * Quotes an id for a message. Messages contain no other value of the caller: the id identifies the invalid record for
 * the person who corrects it.
 */
export function quoteId(id: string): string {
  return JSON.stringify(id.length <= maxLength ? id : `${id.slice(0, maxLength)}…`);
}
