/**
 * Error of a move, an import or an export, after which no row was stored. Only if the connection was lost during the
 * commit, it is unknown whether all rows were stored. The message contains no secret, and no stored value except keys.
 */
export class MoveError extends Error {
  override readonly name = 'MoveError';
}
