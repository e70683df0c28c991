import type { Database } from 'better-sqlite3';
import { hasMigrationHistory } from './migration-history';
import { compareHistory, type MigrationState } from './migration-state';
import type { ShippedMigration } from './shipped-migrations';

interface HistoryRow {
  readonly name: string;
  readonly isFinished: 0 | 1;
}

const historySql = `
  SELECT migration_name AS name, finished_at IS NOT NULL AS isFinished
  FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at, rowid`;

/** Compares the history that Prisma Migrate keeps in a SQLite database with the migrations of this package. */
export function inspectMigrations(connection: Database, shipped: readonly ShippedMigration[]): MigrationState {
  const hasHistory = hasMigrationHistory(connection);
  // A caller may have switched the connection to bigint.
  const rows = hasHistory ? connection.prepare<[], HistoryRow>(historySql).safeIntegers(false).all() : [];
  return compareHistory(
    rows.map(({ name, isFinished }) => ({ name, isFinished: isFinished === 1 })),
    shipped,
  );
}
