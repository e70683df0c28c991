import { findInChain } from '../../errors/error-chain';
import { sqlStateOf } from './errors/sql-states';

// SQLSTATE values that this package compares with (PostgreSQL's documentation, appendix A).
export const insufficientPrivilege = '42501';
export const undefinedTable = '42P01';
export const lockNotAvailable = '55P03';
export const deadlockDetected = '40P01';
export const invalidSavepoint = '3B001';

/** Returns the SQLSTATE of an error of the server, or of one of its causes. Returns undefined for any other error. */
export function findSqlState(error: unknown): string | undefined {
  return findInChain(error, sqlStateOf);
}
