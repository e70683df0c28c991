import { compareHistory, type MigrationState } from './migration-state';
import type { PostgresqlQuery } from './postgresql-query';
import type { ShippedMigration } from './shipped-migrations';
import { sqlStateOf, undefinedTable } from './sql-state';

// Ties are ordered by the name, which begins with the time when the migration was created.
const historySql = `
  SELECT migration_name, finished_at IS NOT NULL
  FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at, migration_name`;

/**
 * Compares the history that Prisma Migrate keeps in a PostgreSQL database with the migrations of this package: one
 * statement, which fails where there is no history. Inside a transaction it would go down with that.
 */
export async function inspectPostgresqlMigrations(
  query: PostgresqlQuery,
  shipped: readonly ShippedMigration[],
): Promise<MigrationState> {
  try {
    return await compareRows(query, shipped);
  } catch (error) {
    if (sqlStateOf(error) === undefinedTable) return compareHistory([], shipped);
    throw error;
  }
}

/** The same inside a transaction: asks for the table first. */
export async function inspectInTransaction(
  query: PostgresqlQuery,
  shipped: readonly ShippedMigration[],
): Promise<MigrationState> {
  const { rows } = await query("SELECT to_regclass('_prisma_migrations') IS NOT NULL");
  return rows.at(0)?.at(0) === true ? compareRows(query, shipped) : compareHistory([], shipped);
}

async function compareRows(query: PostgresqlQuery, shipped: readonly ShippedMigration[]): Promise<MigrationState> {
  const { rows } = await query(historySql);
  const entries = rows.map(([name, isFinished]) => ({ name: String(name), isFinished: isFinished === true }));
  return compareHistory(entries, shipped);
}
