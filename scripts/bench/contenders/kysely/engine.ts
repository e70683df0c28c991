import type { jsonArrayFrom } from 'kysely/helpers/sqlite';

/** Differences between the engines for Kysely. */
export interface Engine {
  /** Helper function of Kysely for JSON arrays on the engine. */
  readonly jsonArrayFrom: typeof jsonArrayFrom;
  /** Returns the parsed value of a JSON column. The driver returns text on SQLite, and a parsed value on PostgreSQL. */
  readonly parsed: <T>(json: T) => T;
  readonly toTime: (date: Date) => number | Date;
  readonly toFlag: (flag: boolean) => number | boolean;
}
