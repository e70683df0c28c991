import { Failure } from '../../errors/failure';

export const serverEncodingSql = "SELECT current_setting('server_encoding')";

/**
 * Checks the encoding of the database.
 *
 * @throws UNAVAILABLE when the encoding is not UTF8: a database with another encoding cannot store every text.
 */
export function assertEncoding(encoding: unknown): void {
  if (encoding === 'UTF8') return;
  throw new Failure('UNAVAILABLE', 'the database must have the encoding UTF8', { retryable: false });
}
