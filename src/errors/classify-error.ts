import type { DatabaseErrorCode, ErrorEntity } from './database-error';
import { driverErrorOf, type DriverError } from './driver-error';
import { Failure, type FailureContext } from './failure';

/** SQLite's result codes by the name that the driver gives them; a longer, extended name falls under its prefix. */
const sqliteCodes: readonly (readonly [prefix: string, code: DatabaseErrorCode, message: string])[] = [
  ['SQLITE_BUSY', 'BUSY', 'the database is locked by another process'],
  ['SQLITE_LOCKED', 'BUSY', 'the database is locked'],
  ['SQLITE_FULL', 'STORAGE_FULL', 'the storage is full'],
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

/** Turns whatever was thrown below into a failure of the contract. The original is kept as the cause. */
export function classifyError(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const driverError = findDriverError(error);
  if (driverError === undefined) return new Failure('INTERNAL', 'unexpected fault', { cause: error });
  return classifyDriverError(driverError, error);
}

function classifyDriverError({ code, message }: DriverError, cause: unknown): Failure {
  if (code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY')
    return alreadyExists(message, cause);
  if (code === 'SQLITE_CONSTRAINT_FOREIGNKEY') {
    return new Failure('REFERENCE_NOT_FOUND', 'a record that this one refers to does not exist', { cause });
  }
  if (/^no such (?:table|column)|^table \S+ has no column named/.test(message)) {
    return new Failure('SCHEMA_OUTDATED', 'the schema of the database lacks what this package needs', { cause });
  }
  const known = sqliteCodes.find(([prefix]) => code.startsWith(prefix));
  if (known === undefined) return new Failure('INTERNAL', 'unexpected fault of the database', { cause });
  return new Failure(known[1], known[2], { cause });
}

function alreadyExists(message: string, cause: unknown): Failure {
  const column = message.split('constraint failed: ').at(1) ?? '';
  const [entity, field] = uniqueColumns[column] ?? [];
  const context: FailureContext = { entity, field, cause };
  return new Failure('ALREADY_EXISTS', `${field ?? 'a key'} is taken already`, context);
}

// The driver's error may sit below several wrappers: Prisma Client's, the driver adapter's.
function findDriverError(error: unknown): DriverError | undefined {
  let current = error;
  for (let depth = 0; depth < 8 && typeof current === 'object' && current !== null; depth += 1) {
    const found = adaptedErrorOf(current) ?? driverErrorOf(current);
    if (found !== undefined) return found;
    current = nextCause(current);
  }
  return undefined;
}

// What the driver adapter keeps of the driver's error.
function adaptedErrorOf(error: object): DriverError | undefined {
  const { originalCode, originalMessage } = error as Readonly<Record<string, unknown>>;
  return driverErrorOf({ code: originalCode, message: originalMessage });
}

function nextCause(error: object): unknown {
  const { cause, meta } = error as Readonly<Record<string, unknown>>;
  if (cause !== undefined) return cause;
  if (typeof meta !== 'object' || meta === null) return undefined;
  return (meta as Readonly<Record<string, unknown>>)['driverAdapterError'];
}
