/** Error after which nothing was written. The message contains no secret, and no stored value except keys. */
export class MoveError extends Error {
  override readonly name = 'MoveError';
}
