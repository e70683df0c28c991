/**
 * Error of a move, an import or an export. No row was stored, unless the connection was lost during the commit: then
 * either all rows were stored or none. The message contains no secret, and no stored value except keys.
 */
export class MoveError extends Error {
  override readonly name = 'MoveError';
}
