import { backfill } from '../../../migrations/backfill';
import { sqliteMigrations } from '../../../migrations/embedded/sqlite';
import { Migrator } from '../../../migrations/migrator';
import type { Executor } from '../../../storage/executor';
import type { SqliteSettings } from '../connection';
import type { SqliteDatabase } from '../database';
import { repairFeedCounter } from '../feed-counter';
import { withMigrationTransaction } from './apply';
import { readHistory } from './history';

/** Creates the migrator of a SQLite database. @param executor - of the same database. */
export function createSqliteMigrator(
  { path, busyTimeoutMs }: SqliteSettings,
  database: SqliteDatabase,
  executor: Executor,
): Migrator {
  return new Migrator({
    migrations: sqliteMigrations,
    readHistory: () => database.withReader(({ driver }) => readHistory(driver) ?? []),
    transaction: (work) =>
      database.whileNobodyWrites(async () => {
        database.assertInPlace();
        const result = await withMigrationTransaction(path, busyTimeoutMs, work);
        database.forgetStatements();
        return result;
      }),
    backfill: () => backfill(executor),
    repair: () => repairFeedCounter(database),
  });
}
