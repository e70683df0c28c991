import { Failure } from '../../errors/failure';

export const serverEncodingSql = "SELECT current_setting('server_encoding')";

/** @throws UNAVAILABLE where a database with this encoding cannot keep every text. */
export function assertEncoding(encoding: unknown): void {
  if (encoding === 'UTF8') return;
  throw new Failure('UNAVAILABLE', 'the database must have the encoding UTF8', { retryable: false });
}
