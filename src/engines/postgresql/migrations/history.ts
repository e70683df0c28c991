import type { HistoryEntry, HistoryRow } from '../../../migrations/history';
import type { PostgresqlQuery } from '../query';
import { findSqlState, undefinedTable } from '../sql-state';

/** Creates the history table with the statement of Prisma's schema engine, so that both create the same table. */
const createSql = `CREATE TABLE _prisma_migrations (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
)`;

const insertSql = `INSERT INTO _prisma_migrations
  (id, checksum, migration_name, started_at, finished_at, logs, applied_steps_count) VALUES ($1, $2, $3, $4, $5, $6, $7)`;

const selectSql = `SELECT migration_name, finished_at IS NOT NULL
  FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at, migration_name`;

/**
 * Returns the entries of the migration history that were not rolled back. Returns undefined when the database has no
 * history.
 */
export async function readHistory(query: PostgresqlQuery): Promise<HistoryEntry[] | undefined> {
  try {
    return await selectHistory(query);
  } catch (error) {
    if (findSqlState(error) === undefinedTable) return undefined;
    throw error;
  }
}

/**
 * Returns the entries of the migration history in a transaction, like {@link readHistory}. Looks for the table first,
 * because an error would abort the transaction.
 */
export async function readHistoryInTransaction(query: PostgresqlQuery): Promise<HistoryEntry[] | undefined> {
  const { rows } = await query("SELECT to_regclass('_prisma_migrations') IS NOT NULL");
  return rows[0]?.[0] === true ? selectHistory(query) : undefined;
}

export async function createHistory(query: PostgresqlQuery): Promise<void> {
  await query(createSql);
}

/** Adds a row to the migration history. */
export async function recordMigration(query: PostgresqlQuery, row: HistoryRow): Promise<void> {
  const { id, checksum, name, startedAt, finishedAt, logs, appliedSteps } = row;
  const times = [startedAt.toISOString(), finishedAt.toISOString()];
  await query(insertSql, [id, checksum, name, ...times, logs, appliedSteps]);
}

async function selectHistory(query: PostgresqlQuery): Promise<HistoryEntry[]> {
  const { rows } = await query(selectSql);
  return rows.map(([name, isFinished]) => ({ name: String(name), isFinished: isFinished === true }));
}
