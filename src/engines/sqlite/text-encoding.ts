import { Failure } from '../../errors/failure';
import type { DriverConnection, SqliteDriver } from './driver/driver';
import { realPathOf, sizeOf } from './file-identity';

/**
 * Rejects a database that stores text as UTF-16. SQLite would sort such text by bytes, which is not the order of code
 * points.
 */
export function assertUtf8(connection: DriverConnection): void {
  if (connection.pragma('encoding', { simple: true }) === 'UTF-8') return;
  const message = 'the database stores text as UTF-16, which sorts differently: copy its data into a UTF-8 database';
  throw new Failure('UNAVAILABLE', message, { retryable: false });
}

/**
 * Rejects a UTF-16 database whose write-ahead log contains changes. Does not open the database for writing: closing a
 * writing connection could copy the log into the file, but a rejected database must stay unchanged.
 */
export function refuseUtf16Log(path: string, driver: SqliteDriver): void {
  if (sizeOf(`${realPathOf(path)}-wal`) === 0) return;
  let connection: DriverConnection | undefined;
  try {
    connection = driver.open(path, { readonly: true, fileMustExist: true, timeout: 0 });
    assertUtf8(connection);
  } catch (error) {
    // Ignores any other error, because opening the writing connection reports it.
    if (error instanceof Failure) throw error;
  } finally {
    connection?.close();
  }
}
