import { nameOfResultCode } from './result-codes';

/** Primary result code of SQLite for binding a parameter that the statement does not have. */
const outOfRange = 25;

/**
 * Returns the result of `work`. If `work` fails, throws the error that better-sqlite3 would throw. Its code is the name
 * of SQLite's result code. An error of the driver itself has the same class and message as in better-sqlite3.
 */
export function withDriverErrors<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toDriverError(error);
  }
}

/** Returns the error with which better-sqlite3 reports the same problem. Returns any other error unchanged. */
export function toDriverError(error: unknown): unknown {
  // Does not use `instanceof`, which fails for a class of another realm, such as in Jest.
  if (typeof error !== 'object' || error === null || !('code' in error) || !('message' in error)) return error;
  switch (error.code) {
    case 'ERR_SQLITE_ERROR': {
      const number = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : 1;
      if (number === outOfRange) return new RangeError('Too many parameter values were provided', { cause: error });
      return Object.assign(error, { code: nameOfResultCode(number) });
    }
    case 'ERR_INVALID_STATE':
      // `ERR_INVALID_STATE` means that the connection is closed, and so are its statements.
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

/** Reports whether an integer of a result is too large for a JavaScript number. */
export function isTooLarge(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_OUT_OF_RANGE';
}

/** Reports whether SQLite did not find a table that a statement names. */
export function isTableMissing(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('message' in error)) return false;
  return String(error.message).startsWith('no such table: ');
}
