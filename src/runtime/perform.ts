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
  work: () => T | Promise<T>,
  inFlight?: InFlightCalls,
): Promise<T> {
  const start = performance.now();
  inFlight?.begin();
  try {
    return await work();
  } catch (error) {
    throw reportFailure(diagnostics, operation, error, start);
  } finally {
    inFlight?.end();
  }
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

/** Returns the observer of an operation's statements; undefined when the application has no listener for events. */
export function statementObserver(diagnostics: Diagnostics, operation: Operation): StatementObserver | undefined {
  if (!diagnostics.isObserved) return undefined;
  return ({ sql }, { rows, changes }, durationMs) =>
    diagnostics.emit({ type: 'query', operation, sql, rows: rows.length, changes, durationMs });
}
