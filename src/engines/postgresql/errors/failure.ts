import { isMarkedConnectionFault } from './connection-faults';
import { lost, meaningOfConnectionError, misunderstood, refusedRole, type Meaning } from './connection-meanings';
import { classifyError } from '../../../errors/classify-error';
import { findInChain } from '../../../errors/error-chain';
import { reportedFailure, type Failure } from '../../../errors/failure';
import { meaningOfForeignKey, stillReferenced, violatesOwnForeignKey } from './foreign-key';
import { meaningOfFeedKey, toTakenKey } from './keys';
import { describeViolation } from './violation';
import { toRefusal } from '../../../errors/refused-column';

/* PostgreSQL's errors have a code of five characters, SQLSTATE (PostgreSQL's documentation, appendix A). */

const outdated: Meaning = {
  code: 'SCHEMA_OUTDATED',
  message: 'the database schema lacks a table or column that this package needs: apply its migrations',
};
/** The constraint decides which key it is. */
const takenKey: Meaning = { code: 'ALREADY_EXISTS', message: 'a key is already taken' };
const tooLarge: Meaning = { code: 'INVALID_INPUT', message: 'a value is too large to store' };
const inTheWay: Meaning = {
  code: 'CONFLICT',
  message: 'a concurrent transaction changed the same data',
  retryable: true,
};
const outdatedPlan: Meaning = { code: 'UNAVAILABLE', message: 'the database schema changed during the call' };
const ended: Meaning = { code: 'UNAVAILABLE', message: 'the server ended the connection' };
const readOnly: Meaning = { code: 'READ_ONLY', message: 'the database is read-only', isTransient: true };
const missingDatabase: Meaning = {
  code: 'UNAVAILABLE',
  message: 'the server does not have this database',
  retryable: false,
};
const refusedSetting: Meaning = {
  code: 'INVALID_OPTIONS',
  message: 'the server, or a connection pooler in front of it, rejected a connection setting',
};
const idleForTooLong: Meaning = { code: 'TIMEOUT', message: 'the transaction exceeded a time limit of the server' };
const cancelledByTimeout: Meaning = { code: 'TIMEOUT', message: 'the statement exceeded statement_timeout' };
// The server has answered. An automatic retry would defeat a deliberate cancellation.
const cancelledByRequest: Meaning = {
  code: 'UNAVAILABLE',
  message: 'the statement was cancelled on request, for example by an administrator',
  isTransient: false,
  availability: 'up',
};
const cancelled: Meaning = {
  code: 'TIMEOUT',
  message: 'the server cancelled the statement because of a time limit or on request',
};

/** By the beginning of the SQLSTATE; the first that fits counts. */
const meanings: readonly (readonly [prefix: string, meaning: Meaning])[] = [
  // PgBouncer's code for most of what it has to say, such as that the server is gone.
  ['08', lost],
  // Of a name that is unique: one that this transaction has made, and one that it still sees while others have deleted it.
  ['21000', inTheWay],
  ['22001', tooLarge],
  ['22003', tooLarge],
  // The change feed takes its numbers from a sequence. No caller sets its value.
  ['2200H', { code: 'CORRUPT', message: 'a sequence of the database has reached its maximum: raise its MAXVALUE' }],
  ['22', { code: 'INVALID_INPUT', message: 'a value cannot be stored' }],
  // Since PostgreSQL 18 what a deletion breaks has a code of its own.
  ['23001', stillReferenced],
  ['25P03', idleForTooLong],
  ['25P04', idleForTooLong],
  ['25006', readOnly],
  // A pooler may deallocate the statements of a connection, and their names become unknown.
  ['26000', outdatedPlan],
  ['28', refusedRole],
  ['3D000', missingDatabase],
  ['3F000', outdated],
  ['40001', inTheWay],
  ['40P01', inTheWay],
  [
    '42501',
    {
      code: 'PERMISSION_DENIED',
      message: 'the database role lacks a privilege, or row level security protects the row',
    },
  ],
  ['42P01', outdated],
  ['42703', outdated],
  ['42704', outdated],
  ['53100', { code: 'STORAGE_FULL', message: 'the storage is full' }],
  ['53300', { code: 'UNAVAILABLE', message: 'the server accepts no more connections' }],
  ['53', { code: 'UNAVAILABLE', message: 'the server has too few resources' }],
  ['54', tooLarge],
  ['55P03', { code: 'BUSY', message: 'another transaction held a lock for too long' }],
  ['57014', cancelled],
  ['57P04', missingDatabase],
  ['57P', { code: 'UNAVAILABLE', message: 'the server is shutting down or starting up' }],
  ['58', { code: 'UNAVAILABLE', message: 'the storage reported an I/O error' }],
  ['XX001', { code: 'CORRUPT', message: 'the database is corrupt' }],
  ['XX002', { code: 'CORRUPT', message: 'the database is corrupt' }],
];

/** Those after which the server has closed the connection. */
const connectionStates = /^(?:08|25P0[34]|28|3D|53300|57P)/;

/**
 * Messages of the server for a cancelled statement: it has one code for all reasons. Translated servers use other
 * words.
 */
const cancellationMessages: readonly (readonly [pattern: RegExp, meaning: Meaning])[] = [
  [/statement timeout/, cancelledByTimeout],
  [/user request/, cancelledByRequest],
];

/** Errors with the server's code 0A000, which has many other meanings, by the name of the reporting function. */
const refusedFeatures: ReadonlyMap<unknown, Meaning> = new Map([
  // A kept plan must always return the same types.
  ['RevalidateCachedQuery', outdatedPlan],
  // A standby cannot begin a serializable transaction.
  ['call_enum_check_hook', readOnly],
  ['GetSerializableTransactionSnapshot', readOnly],
]);

/** Messages of PgBouncer, which uses the same code for all of them. */
const poolerMessages: readonly (readonly [pattern: RegExp, meaning: Meaning])[] = [
  [/startup parameter/, refusedSetting],
  [/authentication failed|no such user/, refusedRole],
  [/no such database|database ".*" does not exist/, missingDatabase],
];

/**
 * Tables whose keys no caller sets. A duplicate key shows that another transaction has changed data on which this one
 * depends. It has deleted a capability between two statements of this one, or added to the chain of security events, of
 * which a transaction sees the state at its beginning.
 */
const sharedTables: ReadonlySet<unknown> = new Set([
  'agent_capabilities',
  'security_event_entries',
  'security_event_checkpoints',
]);

/** Converts an error of PostgreSQL, of its driver or of a connection, and any other error, into a failure. */
export function classifyPostgresqlError(error: unknown): Failure {
  return classifyError(error, toPostgresqlFailure);
}

/** Returns the failure of an error of PostgreSQL or of its connection; undefined for any other error. */
export function toPostgresqlFailure(error: object, cause: unknown): Failure | undefined {
  const meaning = meaningOf(error);
  if (meaning === undefined) return undefined;
  if (meaning === takenKey) return toTakenKey(error, cause);
  const column = missingColumnOf(error);
  const refusal = column === undefined ? undefined : toRefusal(column, cause);
  if (refusal !== undefined) return refusal;
  return reportedFailure(meaning.code, meaning.message, {
    cause,
    retryable: meaning.retryable,
    isTransient: meaning.isTransient,
    isSerializationConflict: meaning === inTheWay,
    isReadOnlyServer: meaning === readOnly,
    violatesOwnForeignKey: violatesOwnForeignKey(error),
    availability: meaning.availability,
  });
}

/** Reports whether a transaction failed because of another one, so that the whole transaction may be retried. */
export function isSerializationFailure(error: unknown): boolean {
  return findInChain(error, meaningOf) === inTheWay;
}

/**
 * Reports whether the server rejected a write because it is read-only, as a standby is. After a failover another server
 * would accept the write. The transaction is rolled back.
 */
export function isReadOnlyServer(error: unknown): boolean {
  return findInChain(error, meaningOf) === readOnly;
}

/**
 * Reports whether the server rejected a statement because of state that the connection has kept. The transaction is
 * rolled back.
 */
export function isOutdatedPlan(error: unknown): boolean {
  return findInChain(error, meaningOf) === outdatedPlan;
}

/** Reports whether the server has rolled a transaction back, and ended the connection, because it took too long. */
export function isTransactionTimeout(error: unknown): boolean {
  return findInChain(error, meaningOf) === idleForTooLong;
}

/** Reports whether somebody cancelled a statement on the server: it must not be repeated automatically. */
export function isCancelledByRequest(error: unknown): boolean {
  return findInChain(error, meaningOf) === cancelledByRequest;
}

/**
 * Reports whether the connection has to be discarded: it was lost, the server has ended it or has not answered in time,
 * or the state that it has kept is outdated.
 */
export function isConnectionFault(error: unknown): boolean {
  const found = findInChain(error, (link) => {
    if (isMarkedConnectionFault(link)) return true;
    const state = sqlStateOf(link);
    if (state !== undefined) return isStateOfConnection(link, state) || meaningOf(link) === outdatedPlan;
    return meaningOfConnectionError(link) === undefined ? undefined : true;
  });
  return found ?? false;
}

// A trigger of the application may raise any state; the connection stays.
function isStateOfConnection(error: object, state: string): boolean {
  return isFatal(error) || (connectionStates.test(state) && describeViolation(error, state) === undefined);
}

// A server in another language may use another word, so this alone is not sufficient.
function isFatal(error: object): boolean {
  const severity: unknown = Reflect.get(error, 'severity');
  return severity === 'FATAL' || severity === 'PANIC';
}

function sqlStateOf(error: object): string | undefined {
  const { code, severity, originalCode } = error as Readonly<Record<string, unknown>>;
  // An error of the server's has a severity; what Prisma's adapter keeps of it has another name.
  const state = severity === undefined ? originalCode : code;
  return typeof state === 'string' && /^[0-9A-Z]{5}$/.test(state) ? state : undefined;
}

function meaningOf(error: object): Meaning | undefined {
  const state = sqlStateOf(error);
  if (state === undefined)
    return meaningOfConnectionError(error) ?? (isUnknownFault(error) ? misunderstood : undefined);
  const refused = state === '0A000' ? refusedFeatures.get(Reflect.get(error, 'routine')) : undefined;
  if (refused !== undefined) return refused;
  // An error that ends the connection does not come from a trigger or a constraint.
  const violation = isFatal(error) ? undefined : describeViolation(error, state);
  if (violation !== undefined) return { code: 'CONSTRAINT_VIOLATION', message: violation };
  if (state.startsWith('23') && sharedTables.has(Reflect.get(error, 'table'))) return inTheWay;
  if (state === '23503') return meaningOfForeignKey(error);
  // A table of the application refers to one that is truncated; the server has no separate code for this.
  if (state === '0A000' && Reflect.get(error, 'routine') === 'heap_truncate_check_FKs') return stillReferenced;
  if (state === '23505') return meaningOfFeedKey(error) ?? takenKey;
  if (isRefusedSetting(error, state)) return refusedSetting;
  const told = meaningOfMessage(error, state);
  const known = told ?? meanings.find(([prefix]) => state.startsWith(prefix))?.[1];
  return known ?? (isFatal(error) ? ended : { code: 'INTERNAL', message: 'unexpected database error' });
}

// The driver may throw any error for a message that it does not know. An error of the server without an SQLSTATE is
// recognised by its form: the driver is loaded for PostgreSQL only.
function isUnknownFault(error: object): boolean {
  const { name, length } = error as Readonly<Record<string, unknown>>;
  return isMarkedConnectionFault(error) || (name === 'error' && typeof length === 'number');
}

// A setting that the server does not know, or a value that it does not take, ends the connection; elsewhere the same codes
// do not.
function isRefusedSetting(error: object, state: string): boolean {
  return state !== '42501' && /^(?:22|42)/.test(state) && isFatal(error);
}

function meaningOfMessage(error: object, state: string): Meaning | undefined {
  const messages = state === '08P01' ? poolerMessages : state === '57014' ? cancellationMessages : undefined;
  if (messages === undefined) return undefined;
  // Prisma's adapter keeps the message under another name.
  const { message, originalMessage } = error as Readonly<Record<string, unknown>>;
  const text = String(originalMessage ?? message);
  return messages.find(([pattern]) => pattern.test(text))?.[1];
}

function missingColumnOf(error: object): string | undefined {
  const { table, column } = error as Readonly<Record<string, unknown>>;
  return sqlStateOf(error) === '23502' ? `${String(table)}.${String(column)}` : undefined;
}
