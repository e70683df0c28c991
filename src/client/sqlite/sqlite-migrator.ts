import { Failure } from '../../errors/failure';
import type { DatabaseErrorCode } from '../../errors/database-error';
import { inspectMigrations } from '../../migration/inspect-migrations';
import { MigrationError, type MigrationErrorReason } from '../../migration/migration-error';
import { readShippedMigrations } from '../../migration/shipped-migrations';
import type { MigrationMode } from '../../options/types';
import { fillDerivedColumns } from './fill-derived-columns';
import type { SqliteSettings } from './sqlite-connection';
import type { SqliteDatabase } from './sqlite-database';

const reasonCodes: Readonly<Record<MigrationErrorReason, DatabaseErrorCode>> = {
  'too-new': 'SCHEMA_TOO_NEW',
  'failed-before': 'MIGRATION_FAILED',
  failed: 'MIGRATION_FAILED',
  'not-empty': 'MIGRATION_FAILED',
  busy: 'BUSY',
};

/** Looks after the schema of a SQLite database. */
export class SqliteMigrator {
  readonly #settings: SqliteSettings;
  readonly #database: SqliteDatabase;

  constructor(settings: SqliteSettings, database: SqliteDatabase) {
    this.#settings = settings;
    this.#database = database;
  }

  /** Does at the start what `mode` says; returns the names of the migrations applied. */
  async prepare(mode: MigrationMode): Promise<string[]> {
    if (mode === 'skip') return [];
    if (mode === 'apply') return this.apply();
    await this.#verify();
    await fillDerivedColumns(this.#database);
    return [];
  }

  /** Applies what is pending, all or nothing; returns the names. Loads the schema engine only when something is. */
  async apply(): Promise<string[]> {
    const applied = (await this.#isUpToDate()) ? [] : await this.#applyPending();
    await fillDerivedColumns(this.#database);
    return applied;
  }

  async #applyPending(): Promise<string[]> {
    const { applyMigrations } = await import('../../migration/apply-migrations.js');
    try {
      const { path, busyTimeoutMs } = this.#settings;
      return await this.#database.whileNobodyWrites(async () => {
        const applied = await applyMigrations(path, { shipped: readShippedMigrations(), busyTimeoutMs });
        this.#database.forgetStatements();
        return applied;
      });
    } catch (error) {
      if (!(error instanceof MigrationError)) throw error;
      throw new Failure(reasonCodes[error.reason], error.message, { cause: error });
    }
  }

  async #isUpToDate(): Promise<boolean> {
    const { pending, unknown, failed } = await this.#inspect();
    return pending.length + unknown.length + failed.length === 0;
  }

  async #verify(): Promise<void> {
    const { pending, unknown, failed } = await this.#inspect();
    if (unknown.length > 0) {
      throw new Failure('SCHEMA_TOO_NEW', `the database has migrations of a newer version: ${unknown.join(', ')}`);
    }
    if (pending.length + failed.length > 0) {
      const names = [...failed, ...pending].join(', ');
      throw new Failure('SCHEMA_OUTDATED', `the database lacks migrations: ${names}`);
    }
  }

  #inspect() {
    const shipped = readShippedMigrations();
    return this.#database.withReader(({ driver }) => inspectMigrations(driver, shipped));
  }
}
