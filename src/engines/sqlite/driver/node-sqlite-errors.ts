import { nameOfResultCode } from './result-codes';

/** Primary result code of a parameter that the statement does not have. */
const outOfRange = 25;

/**
 * Calls `work`, and throws its errors as better-sqlite3 throws them: with the name of SQLite's result code as their
 * code, and the same classes and messages for the driver's own errors.
 */
export function withDriverErrors<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toDriverError(error);
  }
}

/** Returns the error with which better-sqlite3 reports the same problem; any other error unchanged. */
export function toDriverError(error: unknown): unknown {
  // Not instanceof: with several realms, as in Jest, the class may belong to another realm.
  if (typeof error !== 'object' || error === null || !('code' in error) || !('message' in error)) return error;
  switch (error.code) {
    case 'ERR_SQLITE_ERROR': {
      const number = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : 1;
      if (number === outOfRange) return new RangeError('Too many parameter values were provided', { cause: error });
      return Object.assign(error, { code: nameOfResultCode(number) });
    }
    case 'ERR_INVALID_STATE':
      // The database is not open, or the statement was finalized with it.
      return new TypeError('The database connection is not open', { cause: error });
    case 'ERR_INVALID_ARG_VALUE':
      return toArgumentError(String(error.message), error);
    default:
      return error;
  }
}

function toArgumentError(message: string, cause: object): unknown {
  if (message.includes('no statements')) return noStatement(cause);
  if (message.includes('BigInt')) return new RangeError('The bound string, buffer, or bigint is too big', { cause });
  return cause;
}

export function noStatement(cause?: unknown): RangeError {
  return new RangeError('The supplied SQL string contains no statements', { cause });
}

/** Reports whether an integer is too large for a number. */
export function isTooLarge(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_OUT_OF_RANGE';
}

/** Reports whether SQLite did not find a table. */
export function isTableMissing(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('message' in error)) return false;
  return String(error.message).startsWith('no such table: ');
}
