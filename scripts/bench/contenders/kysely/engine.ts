import type { jsonArrayFrom } from 'kysely/helpers/sqlite';

/** Differences between the engines. */
export interface Engine {
  /** Kysely's helper for the engine. */
  readonly jsonArrayFrom: typeof jsonArrayFrom;
  /** Returns parsed JSON: a column is text on SQLite, and parsed by the driver on PostgreSQL. */
  readonly parsed: <T>(json: T) => T;
  readonly toTime: (date: Date) => number | Date;
  readonly toFlag: (flag: boolean) => number | boolean;
}
