import { sqliteMigrations } from '../../../migrations/embedded/sqlite';
import { Migrator } from '../../../migrations/migrator';
import type { SqliteSettings } from '../connection';
import type { SqliteDatabase } from '../database';
import { repairFeedCounter } from '../feed-counter';
import { withMigrationTransaction } from './apply';
import { readHistory } from './history';

/**
 * Creates the migrator of a SQLite database.
 *
 * @param backfill - see `EngineCallbacks.backfill`.
 */
export function createSqliteMigrator(
  settings: SqliteSettings,
  database: SqliteDatabase,
  backfill: () => Promise<void>,
): Migrator {
  return new Migrator({
    migrations: sqliteMigrations,
    readHistory: () => database.withReader(({ driver }) => readHistory(driver) ?? []),
    transaction: (work) =>
      database.whileNobodyWrites(async () => {
        database.assertInPlace();
        const result = await withMigrationTransaction(settings, work);
        database.forgetStatements();
        return result;
      }),
    backfill,
    repair: () => repairFeedCounter(database),
  });
}
