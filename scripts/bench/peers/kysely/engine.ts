import type { jsonArrayFrom } from 'kysely/helpers/sqlite';

/** What differs between the engines. */
export interface Engine {
  /** Kysely's helper of the engine. */
  readonly jsonArrayFrom: typeof jsonArrayFrom;
  /** What that comes as: text on SQLite, parsed by the driver on PostgreSQL. */
  readonly parsed: <T>(json: T) => T;
  readonly toTime: (date: Date) => number | Date;
  readonly toFlag: (flag: boolean) => number | boolean;
}
