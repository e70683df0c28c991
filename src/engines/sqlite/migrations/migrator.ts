import { sqliteMigrations } from '../../../migrations/embedded/sqlite';
import { Migrator } from '../../../migrations/migrator';
import { backfillChain } from '../backfill-chain';
import type { SqliteSettings } from '../connection';
import type { SqliteDatabase } from '../database';
import { repairFeedCounter } from '../feed-counter';
import { fillDerivedColumns } from '../fill-derived-columns';
import { withMigrationTransaction } from './apply';
import { readHistory } from './history';

/** Creates the migrator of a SQLite database. */
export function createSqliteMigrator({ path, busyTimeoutMs }: SqliteSettings, database: SqliteDatabase): Migrator {
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
    complete: async () => {
      await fillDerivedColumns(database);
      await backfillChain(database);
    },
    repair: () => repairFeedCounter(database),
  });
}
