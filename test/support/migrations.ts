import { Client } from 'pg';
import { withMigrationTransaction as withPostgresqlTransaction } from '../../src/engines/postgresql/migrations/apply';
import { loadSqliteDriver } from '../../src/engines/sqlite/driver/load-driver';
import { withMigrationTransaction as withSqliteTransaction } from '../../src/engines/sqlite/migrations/apply';
import { postgresqlMigrations } from '../../src/migrations/embedded/postgresql';
import { sqliteMigrations } from '../../src/migrations/embedded/sqlite';
import type { Migration } from '../../src/migrations/migration';
import { applyPending, type MigrationTransaction } from '../../src/migrations/runner';
import { onPostgresql } from './engine';
import { isPostgresql, queryRaw, type RawRow } from './raw-reader';
import { changeRaw } from './raw-writer';

/** Migrations of this package for the engine under test. */
export const packageMigrations = onPostgresql ? postgresqlMigrations : sqliteMigrations;

export const migrationNames = packageMigrations.map(({ name }) => name);

/** Creates a migration for the runner; its name needs the prefix of this package. */
export function testMigration(name: string, sql: string): Migration {
  return { name, checksum: 'c'.repeat(64), sql };
}

/** Applies migrations to the database, as the package does. */
export async function applyMigrations(
  url: string,
  migrations: readonly Migration[],
  waitMs = 5_000,
): Promise<string[]> {
  const work = (transaction: MigrationTransaction) => applyPending(transaction, migrations);
  if (!isPostgresql(url))
    return withSqliteTransaction(
      { path: url.replace(/^file:/, ''), busyTimeoutMs: waitMs, driver: loadSqliteDriver() },
      work,
    );
  const client = await new Client(url).connect();
  try {
    return await withPostgresqlTransaction(client, { lockTimeoutMs: waitMs }, work);
  } finally {
    await client.end();
  }
}

/** Returns the history of the database, oldest entry first. */
export async function readHistoryRows(url: string): Promise<RawRow[]> {
  const [rows = []] = await queryRaw(
    { options: { url } },
    'SELECT * FROM _prisma_migrations ORDER BY started_at, migration_name',
  );
  return rows;
}

/** Creates a history with migrations of an application. */
export async function createApplicationHistory(url: string, names: readonly string[]): Promise<void> {
  await applyMigrations(url, [testMigration('20260101000000_ans_empty', '')]);
  const inserts = names.map((name) => insertHistorySql(name));
  await changeRaw({ options: { url } }, `DELETE FROM _prisma_migrations; ${inserts.join(';')}`);
}

/** Returns the statement that adds an entry to the history. */
export function insertHistorySql(name: string, { isFinished = true } = {}): string {
  return `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at)
    VALUES ('${name}', 'checksum', '${name}', CURRENT_TIMESTAMP, ${isFinished ? 'CURRENT_TIMESTAMP' : 'NULL'})`;
}
