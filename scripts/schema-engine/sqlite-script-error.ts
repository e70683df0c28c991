import { DriverAdapterError } from '@prisma/driver-adapter-utils';

/** Numbers of the SQLite result codes with which a migration can fail (sqlite.org/rescode.html). */
const resultCodes: ReadonlyMap<string, number> = new Map([
  ['SQLITE_ERROR', 1],
  ['SQLITE_BUSY', 5],
  ['SQLITE_LOCKED', 6],
  ['SQLITE_READONLY', 8],
  ['SQLITE_IOERR', 10],
  ['SQLITE_CORRUPT', 11],
  ['SQLITE_FULL', 13],
  ['SQLITE_CANTOPEN', 14],
  ['SQLITE_CONSTRAINT', 19],
  ['SQLITE_MISMATCH', 20],
  ['SQLITE_NOTADB', 26],
  ['SQLITE_CONSTRAINT_CHECK', 275],
  ['SQLITE_CONSTRAINT_FOREIGNKEY', 787],
  ['SQLITE_CONSTRAINT_NOTNULL', 1299],
  ['SQLITE_CONSTRAINT_PRIMARYKEY', 1555],
  ['SQLITE_CONSTRAINT_TRIGGER', 1811],
  ['SQLITE_CONSTRAINT_UNIQUE', 2067],
]);

/** Returns the number of an error's SQLite result code; 1 (SQLITE_ERROR) for any other error. */
export function toResultCode(error: unknown): number {
  const name = isDriverError(error) ? String(error.code) : '';
  return resultCodes.get(name) ?? 1;
}

/**
 * Converts the error of a script for the schema engine, with SQLite's own message. An error kind of a client's adapter
 * would not be suitable: the engine converts it to a message about models and fields, which a migration does not have.
 * The engine also derives such kinds from a message that starts with SQLite's words. Therefore this message starts with
 * other words.
 */
export function toScriptError(error: unknown): DriverAdapterError {
  if (error instanceof DriverAdapterError) return error;
  const text = isDriverError(error) ? error.message : error;
  const message = `SQLite database error\n${String(text)}`;
  return new DriverAdapterError({ kind: 'sqlite', extendedCode: toResultCode(error), message });
}

/**
 * Recognizes an error by its properties: in Jest, each test file has its own Error class, but the driver always uses
 * the class of the first file.
 */
function isDriverError(error: unknown): error is { readonly code: unknown; readonly message: unknown } {
  return typeof error === 'object' && error !== null && 'code' in error && 'message' in error;
}
