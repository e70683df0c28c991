import { inspect } from 'node:util';
import { DatabaseError, DatabaseService, driverErrorOf, type DatabaseEvent, type DatabaseOptions } from '../../src';

/** How a database failed to open, and all that an application hears of it. */
export interface OpeningFailure {
  readonly error: DatabaseError;
  /** The error with all that hangs on it, what the logger was given, and the events. */
  readonly told: string;
  readonly durationMs: number;
}

/** Opens a database that cannot be opened. */
export async function failToOpen(options: DatabaseOptions): Promise<OpeningFailure> {
  return failWith(options, (db) => db.initialize());
}

/** Does work that fails. The database is closed afterwards. */
export async function failWith(
  options: DatabaseOptions,
  work: (db: DatabaseService) => Promise<unknown>,
): Promise<OpeningFailure> {
  const heard: unknown[] = [];
  const hear = (...args: unknown[]): void => void heard.push(args);
  const start = performance.now();
  const db = new DatabaseService({
    ...options,
    logger: { debug: hear, info: hear, warn: hear, error: hear },
    onEvent: (event: DatabaseEvent) => hear(event),
  });
  try {
    await work(db);
  } catch (error) {
    const durationMs = performance.now() - start;
    if (!(error instanceof DatabaseError)) throw error;
    // Printed, an error shows no more than the kind of the original one, which must not hold a password either.
    return { error, told: tell([error, driverErrorOf(error), heard]), durationMs };
  } finally {
    await db.close();
  }
  throw new Error('Nothing failed');
}

/** All that can be seen of a value, by those who look closely, too. */
export function tell(value: unknown): string {
  return [false, true].map((showHidden) => inspect(value, { depth: 10, showHidden })).join('\n');
}
