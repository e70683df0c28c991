import type { Call } from '../diagnostics/call';
import type { Diagnostics } from '../diagnostics/diagnostics';
import { attemptsOf } from '../errors/attempts';
import type { DatabaseError } from '../errors/database-error';
import { toDatabaseError, type Operation } from '../errors/operation';
import type { StatementObserver } from '../storage/executor';
import type { InFlightCalls } from './in-flight-calls';

/**
 * Runs `work`, and counts it as a call in flight. Converts an error that `work` throws to a `DatabaseError` of the
 * operation, and reports the error once.
 */
export async function perform<T>(
  diagnostics: Diagnostics,
  operation: Operation,
  work: (call: Call | undefined) => T | Promise<T>,
  inFlight?: InFlightCalls,
): Promise<T> {
  const start = performance.now();
  const call = diagnostics.beginCall(operation);
  inFlight?.begin();
  try {
    const result = await (call === undefined ? work(call) : call.run(work));
    diagnostics.succeeded(call);
    return result;
  } catch (error) {
    throw failed(diagnostics, operation, error, start, call);
  } finally {
    inFlight?.end();
  }
}

/** Reports a call that failed. Returns the `DatabaseError` for the caller. */
export function failed(
  diagnostics: Diagnostics,
  operation: Operation,
  error: unknown,
  startMs: number,
  call: Call | undefined,
): DatabaseError {
  const failure = reportFailure(diagnostics, operation, error, startMs);
  diagnostics.ended(call, failure);
  return failure;
}

/** Converts `error` to a `DatabaseError` of the operation, reports it to the diagnostics, and returns it. */
export function reportFailure(
  diagnostics: Diagnostics,
  operation: Operation,
  error: unknown,
  startMs: number,
): DatabaseError {
  const databaseError = toDatabaseError(operation, error);
  diagnostics.failed(databaseError, performance.now() - startMs, attemptsOf(error));
  return databaseError;
}

/**
 * Returns the function that reports the statements of a call; undefined when the application has no listener for
 * events.
 */
export function statementObserver(call: Call | undefined): StatementObserver | undefined {
  if (call === undefined) return undefined;
  return ({ sql }, { rows, changes }, durationMs) => call.statement(sql, rows.length, changes, durationMs);
}
