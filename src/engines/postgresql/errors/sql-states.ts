import { isMarkedConnectionFault } from './connection-faults';
import { connectionLost, mapConnectionError, protocolViolation, rejectedRole } from './connection-errors';
import { mapChangeFeedKey } from './duplicate-key';
import type { ErrorMapping } from './error-mapping';
import { mapForeignKeyViolation, stillReferenced } from './foreign-key';
import { describeViolation } from './violation';
import { propertiesOf } from '../../../errors/properties';

// Error mappings for the SQLSTATEs that the server reports. Appendix A of PostgreSQL's documentation lists them.

const outdatedSchema: ErrorMapping = {
  code: 'SCHEMA_OUTDATED',
  message: 'the database schema lacks a table or column that this package needs: apply its migrations',
};
/** Error mapping for a duplicate key. The name of the constraint in the error shows which key is taken. */
export const duplicateKey: ErrorMapping = { code: 'ALREADY_EXISTS', message: 'a key is already taken' };
const tooLarge: ErrorMapping = { code: 'INVALID_INPUT', message: 'a value is too large to store' };
/** Error mapping for a conflict with a concurrent transaction. The whole transaction can be repeated. */
export const serializationConflict: ErrorMapping = {
  code: 'CONFLICT',
  message: 'a concurrent transaction changed the same data',
  retryable: true,
};
/** Error mapping for an outdated plan or prepared statement of a connection. */
export const outdatedPlan: ErrorMapping = {
  code: 'UNAVAILABLE',
  message: 'the database schema changed during the call',
};
const connectionEnded: ErrorMapping = { code: 'UNAVAILABLE', message: 'the server ended the connection' };
/** Error mapping for a write that a standby rejects. After a fail-over, another server accepts writes. */
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
/** Error mapping for a transaction timeout. The server has rolled back the transaction and ended the connection. */
export const transactionTimeout: ErrorMapping = {
  code: 'TIMEOUT',
  message: 'the transaction exceeded a time limit of the server',
};
const statementTimeout: ErrorMapping = { code: 'TIMEOUT', message: 'the statement exceeded statement_timeout' };
/**
 * Error mapping for a statement that somebody cancelled on purpose. Such a statement must not be repeated
 * automatically. The server itself responds.
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

/** Error mappings by the beginning of the SQLSTATE. The first entry that matches applies. */
const sqlStates: readonly (readonly [prefix: string, mapping: ErrorMapping])[] = [
  // PgBouncer uses the class 08 for most of its own errors, such as a lost connection to the server.
  ['08', connectionLost],
  // The subquery for a unique name has found two rows: another transaction has deleted one of them since the snapshot
  // of this transaction.
  ['21000', serializationConflict],
  ['22001', tooLarge],
  ['22003', tooLarge],
  // The sequence of the change feed has reached its end. No value of a caller can cause this.
  ['2200H', { code: 'CORRUPT', message: 'a sequence of the database has reached its maximum: raise its MAXVALUE' }],
  ['22', { code: 'INVALID_INPUT', message: 'a value cannot be stored' }],
  // PostgreSQL 18 and newer use 23001 for a foreign key with RESTRICT that prevents a deletion.
  ['23001', stillReferenced],
  ['25P03', transactionTimeout],
  ['25P04', transactionTimeout],
  ['25006', readOnlyServer],
  // 26000 reports an unknown prepared statement: a pooler may have removed it from the connection.
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
 * Error mappings for a cancelled statement, by the message of the server. All causes have the same SQLSTATE. A server
 * with another language uses other messages.
 */
const cancellationMessages: readonly (readonly [pattern: RegExp, mapping: ErrorMapping])[] = [
  [/statement timeout/, statementTimeout],
  [/user request/, cancelledByRequest],
];

/** Error mappings for the SQLSTATE 0A000, which has many meanings, by the name of the server's C function. */
const rejectedFeatures: ReadonlyMap<unknown, ErrorMapping> = new Map([
  // A cached plan is invalid because the type of a column of its result has changed.
  ['RevalidateCachedQuery', outdatedPlan],
  // The server is a standby, which cannot begin a serializable transaction.
  ['call_enum_check_hook', readOnlyServer],
  ['GetSerializableTransactionSnapshot', readOnlyServer],
]);

/** Error mappings for PgBouncer, by the message, because all of its errors have the same SQLSTATE. */
const poolerMessages: readonly (readonly [pattern: RegExp, mapping: ErrorMapping])[] = [
  [/startup parameter/, rejectedSetting],
  [/authentication failed|no such user/, rejectedRole],
  [/no such database|database ".*" does not exist/, missingDatabase],
];

/**
 * Tables with keys that no caller sets. A duplicate key in these tables shows a conflict: since the snapshot of this
 * transaction, another transaction has deleted a capability, or has added an entry to the event chain.
 */
const sharedTables: ReadonlySet<unknown> = new Set([
  'agent_capabilities',
  'security_event_entries',
  'security_event_checkpoints',
]);

/**
 * Reports whether an error has ended the connection. Returns false if the server reports the severity in another
 * language than English.
 */
export function isFatal(error: object): boolean {
  const severity: unknown = Reflect.get(error, 'severity');
  return severity === 'FATAL' || severity === 'PANIC';
}

/** Returns the SQLSTATE of an error that the server has reported. Returns undefined for any other error. */
export function sqlStateOf(error: object): string | undefined {
  const { code, severity, originalCode } = propertiesOf(error);
  // Only errors of a server have a severity. Prisma's adapter passes the SQLSTATE in `originalCode`.
  const state = severity === undefined ? originalCode : code;
  return typeof state === 'string' && /^[0-9A-Z]{5}$/.test(state) ? state : undefined;
}

/** Returns the mapping of an error of the server or of a connection. Returns undefined for any other error. */
export function mapServerError(error: object): ErrorMapping | undefined {
  const state = sqlStateOf(error);
  if (state === undefined) return mapConnectionError(error) ?? (isUnknownError(error) ? protocolViolation : undefined);
  const rejected = state === '0A000' ? rejectedFeatures.get(Reflect.get(error, 'routine')) : undefined;
  if (rejected !== undefined) return rejected;
  // A trigger or a constraint cannot cause an error that ends the connection.
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

// Reports whether an error without an SQLSTATE comes from the connection: the driver may throw any error for a message
// of the server that it does not know. The error must have the properties of such an error.
function isUnknownError(error: object): boolean {
  const { name, length } = propertiesOf(error);
  return isMarkedConnectionFault(error) || (name === 'error' && typeof length === 'number');
}

// Reports whether the server has rejected a connection setting that is unknown or has an invalid value. Such an error
// ends the new connection. Statements can fail with the same SQLSTATE values, but this does not end the connection.
function isRejectedSetting(error: object, state: string): boolean {
  return state !== '42501' && /^(?:22|42)/.test(state) && isFatal(error);
}

function mapMessage(error: object, state: string): ErrorMapping | undefined {
  const messages = state === '08P01' ? poolerMessages : state === '57014' ? cancellationMessages : undefined;
  if (messages === undefined) return undefined;
  // Prisma's adapter passes the message of the server in `originalMessage`.
  const { message, originalMessage } = propertiesOf(error);
  const text = String(originalMessage ?? message);
  return messages.find(([pattern]) => pattern.test(text))?.[1];
}
