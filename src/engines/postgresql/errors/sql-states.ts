import { isMarkedConnectionFault } from './connection-faults';
import { connectionLost, mapConnectionError, protocolViolation, rejectedRole } from './connection-errors';
import { mapChangeFeedKey } from './duplicate-key';
import type { ErrorMapping } from './error-mapping';
import { mapForeignKeyViolation, stillReferenced } from './foreign-key';
import { describeViolation } from './violation';
import { propertiesOf } from '../../../errors/properties';

/* Mappings of errors that the server reports, by SQLSTATE: PostgreSQL's documentation, appendix A. */

const outdatedSchema: ErrorMapping = {
  code: 'SCHEMA_OUTDATED',
  message: 'the database schema lacks a table or column that this package needs: apply its migrations',
};
/** Duplicate key. The name of the constraint shows which key it is. */
export const duplicateKey: ErrorMapping = { code: 'ALREADY_EXISTS', message: 'a key is already taken' };
const tooLarge: ErrorMapping = { code: 'INVALID_INPUT', message: 'a value is too large to store' };
/** Conflict with a concurrent transaction. The whole transaction can be repeated. */
export const serializationConflict: ErrorMapping = {
  code: 'CONFLICT',
  message: 'a concurrent transaction changed the same data',
  retryable: true,
};
/** A plan or a prepared statement of the connection is outdated. */
export const outdatedPlan: ErrorMapping = {
  code: 'UNAVAILABLE',
  message: 'the database schema changed during the call',
};
const connectionEnded: ErrorMapping = { code: 'UNAVAILABLE', message: 'the server ended the connection' };
/** The server is a standby, which rejects writes. After a fail-over, another server accepts them. */
export const readOnlyServer: ErrorMapping = {
  code: 'READ_ONLY',
  message: 'the database is read-only',
  isTransient: true,
};
const missingDatabase: ErrorMapping = {
  code: 'UNAVAILABLE',
  message: 'the server does not have this database',
  retryable: false,
};
const rejectedSetting: ErrorMapping = {
  code: 'INVALID_OPTIONS',
  message: 'the server, or a connection pooler in front of it, rejected a connection setting',
};
/** The server has rolled back the transaction and ended the connection. */
export const transactionTimeout: ErrorMapping = {
  code: 'TIMEOUT',
  message: 'the transaction exceeded a time limit of the server',
};
const statementTimeout: ErrorMapping = { code: 'TIMEOUT', message: 'the statement exceeded statement_timeout' };
/**
 * Somebody cancelled the statement on purpose, so it must not be repeated automatically. The server itself responds.
 */
export const cancelledByRequest: ErrorMapping = {
  code: 'UNAVAILABLE',
  message: 'the statement was cancelled on request, for example by an administrator',
  isTransient: false,
  availability: 'up',
};
const cancelledForUnknownReason: ErrorMapping = {
  code: 'TIMEOUT',
  message: 'the server cancelled the statement because of a time limit or on request',
};

/** Mappings by the beginning of the SQLSTATE. The first one that matches applies. */
const sqlStates: readonly (readonly [prefix: string, mapping: ErrorMapping])[] = [
  // PgBouncer uses this class for most of its own errors, such as a lost connection to the server.
  ['08', connectionLost],
  // The subquery for a unique name has found two rows, one of them deleted by another transaction since the snapshot of
  // this transaction.
  ['21000', serializationConflict],
  ['22001', tooLarge],
  ['22003', tooLarge],
  // The sequence of the change feed has reached its end. No caller can cause this by a value.
  ['2200H', { code: 'CORRUPT', message: 'a sequence of the database has reached its maximum: raise its MAXVALUE' }],
  ['22', { code: 'INVALID_INPUT', message: 'a value cannot be stored' }],
  // Since PostgreSQL 18, a foreign key with RESTRICT that prevents a deletion has its own code.
  ['23001', stillReferenced],
  ['25P03', transactionTimeout],
  ['25P04', transactionTimeout],
  ['25006', readOnlyServer],
  // This code reports an unknown prepared statement: a pooler may have removed it from the connection.
  ['26000', outdatedPlan],
  ['28', rejectedRole],
  ['3D000', missingDatabase],
  ['3F000', outdatedSchema],
  ['40001', serializationConflict],
  ['40P01', serializationConflict],
  [
    '42501',
    {
      code: 'PERMISSION_DENIED',
      message: 'the database role lacks a privilege, or row level security protects the row',
    },
  ],
  ['42P01', outdatedSchema],
  ['42703', outdatedSchema],
  ['42704', outdatedSchema],
  ['53100', { code: 'STORAGE_FULL', message: 'the storage is full' }],
  ['53300', { code: 'UNAVAILABLE', message: 'the server accepts no more connections' }],
  ['53', { code: 'UNAVAILABLE', message: 'the server has too few resources' }],
  ['54', tooLarge],
  ['55P03', { code: 'BUSY', message: 'another transaction held a lock for too long' }],
  ['57014', cancelledForUnknownReason],
  ['57P04', missingDatabase],
  ['57P', { code: 'UNAVAILABLE', message: 'the server is shutting down or starting up' }],
  ['58', { code: 'UNAVAILABLE', message: 'the storage reported an I/O error' }],
  ['XX001', { code: 'CORRUPT', message: 'the database is corrupt' }],
  ['XX002', { code: 'CORRUPT', message: 'the database is corrupt' }],
];

/**
 * Mappings of a cancelled statement. All reasons have the same code, so the message decides. A server in another
 * language uses other messages.
 */
const cancellationMessages: readonly (readonly [pattern: RegExp, mapping: ErrorMapping])[] = [
  [/statement timeout/, statementTimeout],
  [/user request/, cancelledByRequest],
];

/** Mappings of the code 0A000, which has many meanings. The name of the server's C function decides. */
const rejectedFeatures: ReadonlyMap<unknown, ErrorMapping> = new Map([
  // A cached plan has become invalid because a column of its result has another type now.
  ['RevalidateCachedQuery', outdatedPlan],
  // The server is a standby, which cannot begin a serializable transaction.
  ['call_enum_check_hook', readOnlyServer],
  ['GetSerializableTransactionSnapshot', readOnlyServer],
]);

/** Mappings of PgBouncer's errors. All of them have the same code, so the message decides. */
const poolerMessages: readonly (readonly [pattern: RegExp, mapping: ErrorMapping])[] = [
  [/startup parameter/, rejectedSetting],
  [/authentication failed|no such user/, rejectedRole],
  [/no such database|database ".*" does not exist/, missingDatabase],
];

/**
 * Tables whose keys are never set by callers. A duplicate key in them shows a conflict: another transaction has deleted
 * a capability, or has added an entry to the event chain, since the snapshot of this transaction.
 */
const sharedTables: ReadonlySet<unknown> = new Set([
  'agent_capabilities',
  'security_event_entries',
  'security_event_checkpoints',
]);

/**
 * Reports whether an error has ended the connection. Returns false if the server reports the severity in another
 * language.
 */
export function isFatal(error: object): boolean {
  const severity: unknown = Reflect.get(error, 'severity');
  return severity === 'FATAL' || severity === 'PANIC';
}

/** Returns the SQLSTATE of an error that the server has reported; undefined for any other error. */
export function sqlStateOf(error: object): string | undefined {
  const { code, severity, originalCode } = propertiesOf(error);
  // Only errors of a server have a severity. Prisma's adapter keeps the SQLSTATE in `originalCode`.
  const state = severity === undefined ? originalCode : code;
  return typeof state === 'string' && /^[0-9A-Z]{5}$/.test(state) ? state : undefined;
}

/** Returns the mapping of an error of the server or of a connection; undefined for any other error. */
export function mapServerError(error: object): ErrorMapping | undefined {
  const state = sqlStateOf(error);
  if (state === undefined) return mapConnectionError(error) ?? (isUnknownError(error) ? protocolViolation : undefined);
  const rejected = state === '0A000' ? rejectedFeatures.get(Reflect.get(error, 'routine')) : undefined;
  if (rejected !== undefined) return rejected;
  // An error that ends the connection cannot come from a trigger or a constraint.
  const violation = isFatal(error) ? undefined : describeViolation(error, state);
  if (violation !== undefined) return { code: 'CONSTRAINT_VIOLATION', message: violation };
  if (state.startsWith('23') && sharedTables.has(Reflect.get(error, 'table'))) return serializationConflict;
  if (state === '23503') return mapForeignKeyViolation(error);
  // TRUNCATE fails when a table of the application refers to the table. The server has no separate SQLSTATE for this.
  if (state === '0A000' && Reflect.get(error, 'routine') === 'heap_truncate_check_FKs') return stillReferenced;
  if (state === '23505') return mapChangeFeedKey(error) ?? duplicateKey;
  if (isRejectedSetting(error, state)) return rejectedSetting;
  const byMessage = mapMessage(error, state);
  const known = byMessage ?? sqlStates.find(([prefix]) => state.startsWith(prefix))?.[1];
  return known ?? (isFatal(error) ? connectionEnded : { code: 'INTERNAL', message: 'unexpected database error' });
}

// The driver may throw any error for a message of the server that it does not know. Therefore an error counts as one of
// the server only if it has the properties of such an error.
function isUnknownError(error: object): boolean {
  const { name, length } = propertiesOf(error);
  return isMarkedConnectionFault(error) || (name === 'error' && typeof length === 'number');
}

// An unknown setting, or an invalid value of one, ends a new connection. The same SQLSTATE values also occur for
// statements, which do not end the connection.
function isRejectedSetting(error: object, state: string): boolean {
  return state !== '42501' && /^(?:22|42)/.test(state) && isFatal(error);
}

function mapMessage(error: object, state: string): ErrorMapping | undefined {
  const messages = state === '08P01' ? poolerMessages : state === '57014' ? cancellationMessages : undefined;
  if (messages === undefined) return undefined;
  // Prisma's adapter passes the message in `originalMessage`.
  const { message, originalMessage } = propertiesOf(error);
  const text = String(originalMessage ?? message);
  return messages.find(([pattern]) => pattern.test(text))?.[1];
}
