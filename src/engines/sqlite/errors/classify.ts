import { classifyError } from '../../../errors/classify-error';
import type { DatabaseErrorCode } from '../../../errors/database-error';
import { notInitialized, reportedFailure, type Failure } from '../../../errors/failure';
import { toKeyFailure } from '../../../errors/key-failure';
import { propertiesOf } from '../../../errors/properties';
import { toRefusal } from '../../../errors/refused-column';
import { sqliteErrorOf, type SqliteError } from './sqlite-error';
import { toLoadFailure } from './load-failure';
import { describeSqliteViolation } from './violation';

/**
 * Failures by the beginning of the name of SQLite's result code. The name of an extended result code begins with the
 * name of its primary result code. The first matching entry applies.
 */
const failures: readonly (readonly [prefix: string, code: DatabaseErrorCode, message: string])[] = [
  ['SQLITE_CONSTRAINT_FOREIGNKEY', 'REFERENCE_NOT_FOUND', 'the record refers to a record that does not exist'],
  // SQLite implements ON DELETE RESTRICT as a trigger, and reports a violation as an error of a trigger.
  ['SQLITE_CONSTRAINT_TRIGGER', 'STILL_REFERENCED', 'other records still refer to this record'],
  ['SQLITE_BUSY', 'BUSY', 'the database is locked by another process'],
  ['SQLITE_LOCKED', 'BUSY', 'the database is locked'],
  ['SQLITE_FULL', 'STORAGE_FULL', 'the storage is full'],
  // SQLITE_IOERR_SHMSIZE means that SQLite could not enlarge the -shm file.
  ['SQLITE_IOERR_SHMSIZE', 'STORAGE_FULL', 'the storage is full'],
  ['SQLITE_READONLY', 'READ_ONLY', 'the database is read-only'],
  ['SQLITE_CORRUPT', 'CORRUPT', 'the database file is corrupt'],
  ['SQLITE_NOTADB', 'CORRUPT', 'the file is not a database'],
  ['SQLITE_CANTOPEN', 'UNAVAILABLE', 'the database cannot be opened'],
  ['SQLITE_IOERR', 'UNAVAILABLE', 'the storage reported an I/O error'],
  ['SQLITE_PERM', 'UNAVAILABLE', 'access to the database was denied'],
  ['SQLITE_PROTOCOL', 'BUSY', 'the database is locked by another process'],
  ['SQLITE_TOOBIG', 'INVALID_INPUT', 'a value is too large to store'],
];

/** Failures for errors with the same result code, by the message of the error. */
const messages: readonly (readonly [pattern: RegExp, code: DatabaseErrorCode, message: string])[] = [
  [
    /^no such (?:table|column)|^table \S+ has no column named/,
    'SCHEMA_OUTDATED',
    'the database schema lacks a table or column that this package needs: apply its migrations',
  ],
  // "unsupported file format" means that the header of the file is damaged. A newer version of SQLite may also have
  // written the file.
  [/^unsupported file format$/, 'CORRUPT', 'the file is not a readable database'],
  // The JSON of parameters is always valid, so a stored value is invalid.
  [/^malformed JSON|^JSON cannot hold BLOB values/, 'CORRUPT', 'a stored value is not valid JSON'],
];

/** Converts any error into a failure. Recognizes errors of SQLite and of its driver. */
export function classifySqliteError(error: unknown): Failure {
  return classifyError(error, toSqliteFailure);
}

/** Returns the failure of an error of SQLite's driver; undefined for any other error. */
function toSqliteFailure(error: object, cause: unknown): Failure | undefined {
  if (isAboutClosed(error)) return notInitialized(cause);
  const driverError = adaptedErrorOf(error) ?? sqliteErrorOf(error);
  return driverError === undefined ? toLoadFailure(error, cause) : toReportedFailure(driverError, cause);
}

// Reports whether a connection was closed while a call used it. The driver then throws an error without a code.
function isAboutClosed(error: object): boolean {
  const { name, message } = propertiesOf(error);
  return name === 'TypeError' && message === 'The database connection is not open';
}

// Returns the driver's error that Prisma's driver adapter has wrapped. The adapter keeps its code and message in
// `originalCode` and `originalMessage`.
function adaptedErrorOf(error: object): SqliteError | undefined {
  const { originalCode, originalMessage } = propertiesOf(error);
  return sqliteErrorOf({ code: originalCode, message: originalMessage });
}

function toReportedFailure({ code, message }: SqliteError, cause: unknown): Failure {
  const violation = describeSqliteViolation(code, message);
  if (violation !== undefined) return reportedFailure('CONSTRAINT_VIOLATION', violation, { cause });
  // Reads the columns of the constraint, which follow the words "constraint failed: " in the message.
  const columns = message.split('constraint failed: ').at(1) ?? '';
  if (code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY') {
    return toKeyFailure(columns, cause);
  }
  const refusal = code === 'SQLITE_CONSTRAINT_NOTNULL' ? toRefusal(columns, cause) : undefined;
  if (refusal !== undefined) return refusal;
  const known =
    messages.find(([pattern]) => pattern.test(message)) ?? failures.find(([prefix]) => code.startsWith(prefix));
  return reportedFailure(known?.[1] ?? 'INTERNAL', known?.[2] ?? 'unexpected database error', { cause });
}
