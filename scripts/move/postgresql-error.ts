import { isDatabaseError } from '../../src';
import { isConnectionFault, toPostgresqlFailure } from '../../src/engines/postgresql/errors/classify';
import { ScriptError } from '../console/run-script';

/** Used properties of an error that a server reported. */
export interface ServerError {
  /** SQLSTATE: PostgreSQL's documentation, appendix A. */
  readonly code: string;
  readonly message: string;
  readonly constraint?: string | undefined;
  readonly column?: string | undefined;
}

const limitExceeded = '54';
const foreignKeyViolation = '23503';
const lockNotAvailable = '55P03';

/** The errors that a row is to blame for: its values, a constraint, or a limit of the server's. */
const rowErrors = /^(?:22|23|54)/;

/** The server's error where a row is to blame for it. */
export function asRowError(error: unknown): ServerError | undefined {
  return isServerError(error) && rowErrors.test(error.code) ? error : undefined;
}

/**
 * Returns the reason why the server refuses a row. The server's own message may contain values, except for messages
 * about a limit.
 */
export function describeRowError({ code, message, constraint, column }: ServerError): string {
  if (code.startsWith(limitExceeded)) return `PostgreSQL cannot take it: ${message}`;
  if (code === foreignKeyViolation) return `refers to a row that is not there (${constraint ?? code})`;
  const place = constraint ?? column;
  return `PostgreSQL refuses it (${place === undefined ? code : `${place}, ${code}`})`;
}

/** Returns an error that is reported in one line, without a value or a secret, unless it is a fault of the script. */
export function toScriptError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ScriptError || isDatabaseError(error)) return error;
  const code = 'code' in error ? String(error.code) : '';
  if (code.startsWith('SQLITE_')) {
    return new ScriptError(`the SQLite database cannot be read: ${error.message}; nothing was moved (${code})`);
  }
  const state = isServerError(error) ? ` (${code})` : '';
  if (code === lockNotAvailable) {
    return new ScriptError(`others are writing to the PostgreSQL database; nothing was moved${state}`);
  }
  const failure = toPostgresqlFailure(error, error);
  return failure === undefined ? error : new ScriptError(`${failure.message}; nothing was moved${state}`);
}

/** Returns the error for a failed commit. */
export function toCommitError(error: unknown): unknown {
  if (!isConnectionFault(error)) return error;
  return new ScriptError(
    'the connection was lost during the commit, so that everything was moved or nothing; run it again to be told which',
  );
}

function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && 'severity' in error && 'code' in error && typeof error.code === 'string';
}
