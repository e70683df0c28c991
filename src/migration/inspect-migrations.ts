import type { Database } from 'better-sqlite3';
import { hasMigrationHistory } from './migration-history';
import type { ShippedMigration } from './shipped-migrations';

/** Where a database stands, by names of migrations. */
export interface MigrationState {
  /** Applied and not rolled back, in the order of their start. */
  readonly applied: readonly string[];
  /** Shipped, and neither applied nor failed, in their order. */
  readonly pending: readonly string[];
  /** Applied but not shipped: a newer package has been here. */
  readonly unknown: readonly string[];
  /** Started, and neither finished nor rolled back. */
  readonly failed: readonly string[];
}

interface HistoryRow {
  readonly name: string;
  readonly isFinished: 0 | 1;
}

const historySql = `
  SELECT migration_name AS name, finished_at IS NOT NULL AS isFinished
  FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at, rowid`;

/** Compares the history that Prisma Migrate keeps in the database with the migrations of this package. */
export function inspectMigrations(connection: Database, shipped: readonly ShippedMigration[]): MigrationState {
  const hasHistory = hasMigrationHistory(connection);
  // A caller may have switched the connection to bigint.
  const rows = hasHistory ? connection.prepare<[], HistoryRow>(historySql).safeIntegers(false).all() : [];
  const applied = unique(rows.filter(({ isFinished }) => isFinished === 1));
  const failed = unique(rows.filter(({ isFinished }) => isFinished === 0)).filter((name) => !applied.includes(name));
  const shippedNames = shipped.map(({ name }) => name);
  return {
    applied,
    pending: shippedNames.filter((name) => !applied.includes(name) && !failed.includes(name)),
    unknown: applied.filter((name) => !shippedNames.includes(name)),
    failed,
  };
}

function unique(rows: readonly HistoryRow[]): string[] {
  return [...new Set(rows.map(({ name }) => name))];
}
