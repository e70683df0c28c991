import type { DriverConnection } from '../driver/driver';
import type { HistoryEntry, HistoryRow } from '../../../migrations/history';

interface StoredEntry {
  readonly name: string;
  readonly isFinished: 0 | 1;
}

/** Creates the history table with the statement of Prisma's schema engine, so that both create the same table. */
const createSql = `CREATE TABLE "_prisma_migrations" (
    "id"                    TEXT PRIMARY KEY NOT NULL,
    "checksum"              TEXT NOT NULL,
    "finished_at"           DATETIME,
    "migration_name"        TEXT NOT NULL,
    "logs"                  TEXT,
    "rolled_back_at"        DATETIME,
    "started_at"            DATETIME NOT NULL DEFAULT current_timestamp,
    "applied_steps_count"   INTEGER UNSIGNED NOT NULL DEFAULT 0
)`;

const insertSql = `INSERT INTO _prisma_migrations
  (id, checksum, migration_name, started_at, finished_at, logs, applied_steps_count) VALUES (?, ?, ?, ?, ?, ?, ?)`;

/**
 * Returns the entries of the migration history that were not rolled back. Returns undefined when the database has no
 * history.
 */
export function readHistory(driver: DriverConnection): HistoryEntry[] | undefined {
  const table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_prisma_migrations'";
  if (driver.prepare(table).get() === undefined) return undefined;
  const select = driver.prepare<StoredEntry>(`SELECT migration_name AS name, finished_at IS NOT NULL AS isFinished
    FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at, rowid`);
  return select.all().map(({ name, isFinished }) => ({ name, isFinished: isFinished === 1 }));
}

export function createHistory(driver: DriverConnection): void {
  driver.exec(createSql);
}

/** Adds a row to the migration history. Prisma stores times as milliseconds since 1970. */
export function recordMigration(driver: DriverConnection, row: HistoryRow): void {
  const { id, checksum, name, startedAt, finishedAt, logs, appliedSteps } = row;
  const times = [startedAt.getTime(), finishedAt.getTime()];
  driver.prepare(insertSql).run(id, checksum, name, ...times, logs, appliedSteps);
}
