import { classifyError } from '../../../errors/classify-error';
import { findInChain } from '../../../errors/error-chain';
import { reportedFailure, type Failure } from '../../../errors/failure';
import { propertiesOf } from '../../../errors/properties';
import { toRefusal } from '../../../errors/refused-column';
import { isMarkedConnectionFault } from './connection-faults';
import { mapConnectionError } from './connection-errors';
import { toDuplicateKey } from './duplicate-key';
import { violatesOwnForeignKey } from './foreign-key';
import {
  cancelledByRequest,
  duplicateKey,
  isFatal,
  mapServerError,
  outdatedPlan,
  readOnlyServer,
  serializationConflict,
  sqlStateOf,
  transactionTimeout,
} from './sql-states';
import { describeViolation } from './violation';

/** SQLSTATE values of errors after which the server has closed the connection. */
const connectionStates = /^(?:08|25P0[34]|28|3D|53300|57P)/;

/** Converts any error into a failure. Recognizes errors of the server, of the driver and of connections. */
export function classifyPostgresqlError(error: unknown): Failure {
  return classifyError(error, toPostgresqlFailure);
}

/** Returns the failure for an error of PostgreSQL or of a connection to it. Returns undefined for any other error. */
export function toPostgresqlFailure(error: object, cause: unknown): Failure | undefined {
  const mapping = mapServerError(error);
  if (mapping === undefined) return undefined;
  if (mapping === duplicateKey) return toDuplicateKey(error, cause);
  const column = missingColumnOf(error);
  const refusal = column === undefined ? undefined : toRefusal(column, cause);
  if (refusal !== undefined) return refusal;
  return reportedFailure(mapping.code, mapping.message, {
    cause,
    retryable: mapping.retryable,
    isTransient: mapping.isTransient,
    isSerializationConflict: mapping === serializationConflict,
    isReadOnlyServer: mapping === readOnlyServer,
    violatesOwnForeignKey: violatesOwnForeignKey(error),
    availability: mapping.availability,
  });
}

/**
 * Reports whether a transaction failed because of a concurrent transaction. The whole transaction can then be repeated.
 */
export function isSerializationConflict(error: unknown): boolean {
  return findInChain(error, mapServerError) === serializationConflict;
}

/**
 * Reports whether the server rejected a write because it is read-only, as a standby is. The server has rolled back the
 * transaction. After a fail-over, another server accepts writes.
 */
export function isReadOnlyServer(error: unknown): boolean {
  return findInChain(error, mapServerError) === readOnlyServer;
}

/**
 * Reports whether the server rejected a statement because a plan or a prepared statement of the connection was
 * outdated. The server has rolled back the transaction.
 */
export function isOutdatedPlan(error: unknown): boolean {
  return findInChain(error, mapServerError) === outdatedPlan;
}

/**
 * Reports whether the server has rolled back a transaction, and ended the connection, because the transaction took too
 * long.
 */
export function isTransactionTimeout(error: unknown): boolean {
  return findInChain(error, mapServerError) === transactionTimeout;
}

/**
 * Reports whether somebody, such as an administrator, cancelled a statement on the server. Such a statement must not be
 * repeated automatically.
 */
export function isCancelledByRequest(error: unknown): boolean {
  return findInChain(error, mapServerError) === cancelledByRequest;
}

/**
 * Reports whether the error shows that its connection can no longer be used. The connection was lost, was ended by the
 * server, or did not respond in time. An outdated plan or prepared statement also counts.
 */
export function isConnectionFault(error: unknown): boolean {
  const found = findInChain(error, (link) => {
    if (isMarkedConnectionFault(link)) return true;
    const state = sqlStateOf(link);
    if (state !== undefined) return isStateOfConnection(link, state) || mapServerError(link) === outdatedPlan;
    return mapConnectionError(link) === undefined ? undefined : true;
  });
  return found ?? false;
}

// Reports whether an error with this SQLSTATE has ended the connection. A trigger of the application may raise any
// SQLSTATE, but the connection stays usable after such an error.
function isStateOfConnection(error: object, state: string): boolean {
  return isFatal(error) || (connectionStates.test(state) && describeViolation(error, state) === undefined);
}

function missingColumnOf(error: object): string | undefined {
  const { table, column } = propertiesOf(error);
  return sqlStateOf(error) === '23502' ? `${String(table)}.${String(column)}` : undefined;
}
