import type { Diagnostics } from '../diagnostics/diagnostics';
import { attemptsOf } from '../errors/attempts';
import type { DatabaseError } from '../errors/database-error';
import { toDatabaseError, type Operation } from '../errors/operation';
import type { StatementObserver } from '../storage/executor';
import type { InFlightCalls } from './in-flight-calls';

/** Runs `work` as a call in flight. Converts an error that it throws to the operation's error, and reports it once. */
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

/** Reports a failure once, and returns the operation's error. */
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

/** Returns the observer of an operation's statements; undefined when there is no listener. */
export function statementObserver(diagnostics: Diagnostics, operation: Operation): StatementObserver | undefined {
  if (!diagnostics.isObserved) return undefined;
  return ({ sql }, { rows, changes }, durationMs) =>
    diagnostics.emit({ type: 'query', operation, sql, rows: rows.length, changes, durationMs });
}
