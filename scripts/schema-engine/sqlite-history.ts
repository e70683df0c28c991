import { ColumnTypeEnum, type SqlResultSet } from '@prisma/driver-adapter-utils';
import type { Database } from 'better-sqlite3';
import { createHistory } from '../../src/engines/sqlite/migrations/history';

/*
 * Prisma Migrate's history is the table _prisma_migrations. The native schema engine creates a missing table, but its
 * WebAssembly build fails with SQLite's error "no such table". Therefore the adapter reports an empty history, and
 * creates the table before the engine writes to it.
 */

/** Matches the engine's query for the applied migrations. */
const historyQuery = /^\s*SELECT\b[^;]*\bFROM\s+`_prisma_migrations`/i;

/** Matches the statement with which the engine records a migration. */
const historyInsert = /^\s*INSERT INTO `_prisma_migrations`/i;

const columnTypes: Readonly<Record<string, SqlResultSet['columnTypes'][number]>> = {
  id: ColumnTypeEnum.Text,
  checksum: ColumnTypeEnum.Text,
  finished_at: ColumnTypeEnum.DateTime,
  migration_name: ColumnTypeEnum.Text,
  logs: ColumnTypeEnum.Text,
  rolled_back_at: ColumnTypeEnum.DateTime,
  started_at: ColumnTypeEnum.DateTime,
  applied_steps_count: ColumnTypeEnum.Int32,
};

/** Reports whether Prisma Migrate keeps a history in this database. */
export function hasMigrationHistory(connection: Database): boolean {
  const table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_prisma_migrations'";
  return connection.prepare(table).get() !== undefined;
}

/**
 * Returns the result of an engine's statement while no migration history exists. Returns undefined for a statement that
 * must run on the database.
 */
export function answerWithoutHistory(connection: Database, sql: string): SqlResultSet | undefined {
  const isQuery = historyQuery.test(sql);
  if ((!isQuery && !historyInsert.test(sql)) || hasMigrationHistory(connection)) return undefined;
  if (isQuery) return { columnNames: Object.keys(columnTypes), columnTypes: Object.values(columnTypes), rows: [] };
  createHistory(connection);
  return undefined;
}
