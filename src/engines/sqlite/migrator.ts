import { inspectMigrations } from '../../migrations/inspect-migrations';
import type { MigrationState } from '../../migrations/migration-state';
import { readShippedMigrations } from '../../migrations/shipped-migrations';
import { Migrator } from '../../migrations/migrator';
import { repairFeedCounter } from './feed-counter';
import { fillDerivedColumns } from './fill-derived-columns';
import { backfillChain } from './backfill-chain';
import type { SqliteSettings } from './connection';
import type { SqliteDatabase } from './database';

/** Looks after the schema of a SQLite database. */
export class SqliteMigrator extends Migrator {
  readonly #settings: SqliteSettings;
  readonly #database: SqliteDatabase;

  constructor(settings: SqliteSettings, database: SqliteDatabase) {
    super();
    this.#settings = settings;
    this.#database = database;
  }

  protected inspect(): Promise<MigrationState> {
    const shipped = readShippedMigrations('sqlite');
    return this.#database.withReader(({ driver }) => inspectMigrations(driver, shipped));
  }

  protected async applyPending(): Promise<string[]> {
    const { applyMigrations } = await import('../../migrations/apply-migrations.js');
    const { path, busyTimeoutMs } = this.#settings;
    return this.#database.whileNobodyWrites(async () => {
      this.#database.assertInPlace();
      const applied = await applyMigrations(path, { shipped: readShippedMigrations('sqlite'), busyTimeoutMs });
      this.#database.forgetStatements();
      return applied;
    });
  }

  protected override async complete(): Promise<void> {
    await fillDerivedColumns(this.#database);
    await backfillChain(this.#database);
  }

  protected override repair(): Promise<void> {
    return repairFeedCounter(this.#database);
  }
}
