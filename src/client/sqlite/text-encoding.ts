import SqliteDriver, { type Database } from 'better-sqlite3';
import { Failure } from '../../errors/failure';
import { realPathOf, sizeOf } from './file-identity';

/** Refuses a database that stores text as UTF-16: SQLite would order it by its bytes, which is not by code point. */
export function assertUtf8(driver: Database): void {
  if (driver.pragma('encoding', { simple: true }) === 'UTF-8') return;
  const message = 'the database stores text as UTF-16, which has another order: copy its data into a UTF-8 database';
  throw new Failure('UNAVAILABLE', message, { retryable: false });
}

/**
 * Refuses a database in UTF-16 whose write-ahead log holds changes, without opening it for writing: the connection that
 * is closed last would copy the log into the file.
 */
export function refuseUtf16Log(path: string): void {
  if (sizeOf(`${realPathOf(path)}-wal`) === 0) return;
  let driver: Database | undefined;
  try {
    driver = new SqliteDriver(path, { readonly: true, fileMustExist: true, timeout: 0 });
    assertUtf8(driver);
  } catch (error) {
    // The connection that writes reports whatever else is wrong.
    if (error instanceof Failure) throw error;
  } finally {
    driver?.close();
  }
}
