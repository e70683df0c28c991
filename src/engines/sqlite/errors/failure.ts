import type { DatabaseErrorCode, ErrorEntity } from '../../../errors/database-error';
import { describeSqliteViolation } from './violation';
import { sqliteErrorOf, type SqliteError } from './error';
import { Failure, notInitialized } from '../../../errors/failure';
import { toRefusal } from '../../../errors/refused-column';

/** SQLite's result codes by the name that the driver gives them; a longer, extended name falls under its prefix. */
const failures: readonly (readonly [prefix: string, code: DatabaseErrorCode, message: string])[] = [
  ['SQLITE_CONSTRAINT_FOREIGNKEY', 'REFERENCE_NOT_FOUND', 'a record that this one refers to does not exist'],
  // Reported for ON DELETE RESTRICT, which SQLite implements as a trigger.
  ['SQLITE_CONSTRAINT_TRIGGER', 'STILL_REFERENCED', 'other records refer to this one'],
  ['SQLITE_BUSY', 'BUSY', 'the database is locked by another process'],
  ['SQLITE_LOCKED', 'BUSY', 'the database is locked'],
  ['SQLITE_FULL', 'STORAGE_FULL', 'the storage is full'],
  // The index of the write-ahead log, a file of its own, could not be made larger.
  ['SQLITE_IOERR_SHMSIZE', 'STORAGE_FULL', 'the storage is full'],
  ['SQLITE_READONLY', 'READ_ONLY', 'the database is read-only'],
  ['SQLITE_CORRUPT', 'CORRUPT', 'the database file is corrupt'],
  ['SQLITE_NOTADB', 'CORRUPT', 'the file is not a database'],
  ['SQLITE_CANTOPEN', 'UNAVAILABLE', 'the database cannot be opened'],
  ['SQLITE_IOERR', 'UNAVAILABLE', 'the storage failed'],
  ['SQLITE_PERM', 'UNAVAILABLE', 'the database may not be accessed'],
  ['SQLITE_PROTOCOL', 'BUSY', 'the database is locked by another process'],
  ['SQLITE_TOOBIG', 'INVALID_INPUT', 'a value is too large to store'],
];

/** The public name of what a unique index protects. */
const uniqueColumns: Readonly<Record<string, readonly [entity: ErrorEntity, field: string]>> = {
  'agents.id': ['agent', 'id'],
  'certificates.id': ['certificate', 'id'],
  'certificates.fingerprint_key': ['certificate', 'fingerprint'],
  'security_events.id': ['securityEvent', 'id'],
};

/**
 * Keys that begin with the key of a record, which is checked first: only rows without their record cause duplicates.
 */
const innerKeys: ReadonlySet<string> = new Set([
  'endpoints.agent_id, endpoints.id',
  'agent_metadata.agent_id, agent_metadata.key',
  'certificate_metadata.certificate_id, certificate_metadata.key',
  'security_event_metadata.event_id, security_event_metadata.key',
]);

/**
 * Returns the mapping of an error of SQLite's driver; undefined for any other error. `cause` becomes the cause of the
 * failure.
 */
export function toSqliteFailure(error: object, cause: unknown): Failure | undefined {
  if (isAboutClosed(error)) return notInitialized(cause);
  const driverError = adaptedErrorOf(error) ?? sqliteErrorOf(error);
  return driverError === undefined ? undefined : classify(driverError, cause);
}

// Message of the driver, without a code: close() has not waited for a running call.
function isAboutClosed(error: object): boolean {
  const { name, message } = error as Readonly<Record<string, unknown>>;
  return name === 'TypeError' && message === 'The database connection is not open';
}

// Returns the driver's error in the form that the driver adapter keeps.
function adaptedErrorOf(error: object): SqliteError | undefined {
  const { originalCode, originalMessage } = error as Readonly<Record<string, unknown>>;
  return sqliteErrorOf({ code: originalCode, message: originalMessage });
}

function classify({ code, message }: SqliteError, cause: unknown): Failure {
  const violation = describeSqliteViolation(code, message);
  if (violation !== undefined) return new Failure('CONSTRAINT_VIOLATION', violation, { cause });
  if (code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY') {
    const columns = message.split('constraint failed: ').at(1) ?? '';
    if (innerKeys.has(columns)) {
      return new Failure('CORRUPT', 'rows of a record that does not exist are in the way: check() names them', {
        cause,
      });
    }
    const [entity, field] = uniqueColumns[columns] ?? [];
    return new Failure('ALREADY_EXISTS', `${field ?? 'a key'} is taken already`, { entity, field, cause });
  }
  if (code === 'SQLITE_CONSTRAINT_NOTNULL') {
    const refusal = toRefusal(message.split('constraint failed: ').at(1) ?? '', cause);
    if (refusal !== undefined) return refusal;
  }
  if (/^no such (?:table|column)|^table \S+ has no column named/.test(message)) {
    return new Failure('SCHEMA_OUTDATED', 'the schema of the database lacks what this package needs', { cause });
  }
  // By a header that is damaged, or that a much newer SQLite has written.
  if (message === 'unsupported file format') {
    return new Failure('CORRUPT', 'the file is no database that can be read', { cause });
  }
  // The input is always valid JSON: the stored value is invalid.
  if (/^malformed JSON|^JSON cannot hold BLOB values/.test(message)) {
    return new Failure('CORRUPT', 'what is stored is no JSON', { cause });
  }
  const known = failures.find(([prefix]) => code.startsWith(prefix));
  if (known === undefined) return new Failure('INTERNAL', 'unexpected fault of the database', { cause });
  return new Failure(known[1], known[2], { cause });
}
