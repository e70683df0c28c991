import { isDatabaseError } from '../index';
import { sqliteErrorOf } from '../engines/sqlite/errors/sqlite-error';
import { isConnectionFault, toPostgresqlFailure } from '../engines/postgresql/errors/classify';
import { MoveError } from './move-error';

/** Properties of an error that the PostgreSQL server reports. */
export interface ServerError {
  /** SQLSTATE code of the error (appendix A of PostgreSQL's documentation). */
  readonly code: string;
  readonly message: string;
  readonly constraint?: string | undefined;
  readonly column?: string | undefined;
}

const limitExceeded = '54';
const foreignKeyViolation = '23503';
const lockNotAvailable = '55P03';

/**
 * Matches the SQLSTATE classes of errors that concern one row: data exception, constraint violation, program limit
 * exceeded.
 */
const rowErrors = /^(?:22|23|54)/;

/** Returns the server's error if it concerns one row; otherwise undefined. */
export function asRowError(error: unknown): ServerError | undefined {
  return isServerError(error) && rowErrors.test(error.code) ? error : undefined;
}

/**
 * Describes why the PostgreSQL server rejects a row. Shows the server's own message only for an exceeded limit, because
 * other messages may contain stored values.
 */
export function describeRowError({ code, message, constraint, column }: ServerError): string {
  if (code.startsWith(limitExceeded)) return `PostgreSQL cannot store it: ${message}`;
  if (code === foreignKeyViolation) return `references a row that does not exist (${constraint ?? code})`;
  const cause = constraint ?? column;
  return `PostgreSQL rejects it (${cause === undefined ? code : `${cause}, ${code}`})`;
}

/**
 * Converts a database error to an error with a message of one line, without stored values and secrets. Returns any
 * other error unchanged.
 *
 * @param outcome - text of the message about the rows that were written before the error.
 */
export function toMoveError(error: unknown, outcome = 'nothing was written'): unknown {
  const sqlite = sqliteErrorOf(error);
  if (sqlite !== undefined) {
    return new MoveError(
      `the SQLite database cannot be read or written: ${sqlite.message}; ${outcome} (${sqlite.code})`,
    );
  }
  if (!(error instanceof Error) || error instanceof MoveError || isDatabaseError(error)) return error;
  const code = 'code' in error ? String(error.code) : '';
  const state = isServerError(error) ? ` (${code})` : '';
  if (code === lockNotAvailable) {
    return new MoveError(`another session is writing to the PostgreSQL database; ${outcome}${state}`);
  }
  const failure = toPostgresqlFailure(error, error);
  return failure === undefined ? error : new MoveError(`${failure.message}; ${outcome}${state}`);
}

/** Converts the error of a COMMIT into a `MoveError` when the connection was lost. Returns every other error unchanged. */
export function toCommitError(error: unknown): unknown {
  if (!isConnectionFault(error)) return error;
  return new MoveError(
    'the connection was lost during the commit, so either all rows were moved or none; run the move again to find out',
  );
}

function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && 'severity' in error && 'code' in error && typeof error.code === 'string';
}
