import { Failure } from '../errors/failure';
import type { MigrationMode } from '../options/types';
import type { MigrationState } from '../storage/migration-state';
import { assertNotTooNew, compareHistory, type HistoryEntry } from './history';
import type { Migration } from './migration';
import { applyPending, type MigrationTransaction } from './runner';

/** Database that a {@link Migrator} migrates. */
export interface MigrationDatabase {
  readonly migrations: readonly Migration[];
  /** Returns the committed migration history; an empty array when the database has no history. */
  readHistory(): Promise<readonly HistoryEntry[]>;
  /**
   * Runs `work` in a transaction, and rolls back when `work` throws. Only one such transaction at a time runs on a
   * database, even when several processes migrate it.
   */
  transaction<T>(work: (transaction: MigrationTransaction) => Promise<T>): Promise<T>;
  /** Computes and stores the values that SQL cannot compute. Call it when no migration is pending. */
  backfill?(): Promise<void>;
  /** Repairs the counter of the change feed, which may be too low after rows were copied into the database. */
  repair(): Promise<void>;
}

/** Verifies the schema of a database, or applies its pending migrations. */
export class Migrator {
  readonly #database: MigrationDatabase;

  constructor(database: MigrationDatabase) {
    this.#database = database;
  }

  /**
   * Handles the schema as the option `migrations` requires: applies the pending migrations, verifies the schema, or
   * does nothing.
   *
   * @returns the names of the migrations that this call has applied.
   * @throws SCHEMA_OUTDATED or SCHEMA_TOO_NEW when `verify` finds another schema; with `apply`, the errors of
   * {@link applyPending}
   */
  async prepare(mode: MigrationMode): Promise<string[]> {
    if (mode === 'skip') return [];
    if (mode === 'apply') return this.apply();
    assertUpToDate(await this.inspect());
    await this.#database.backfill?.();
    return [];
  }

  /** Applies the pending migrations, all or none of them. Returns their names, in the order of application. */
  async apply(): Promise<string[]> {
    const { migrations } = this.#database;
    const applied = isUpToDate(await this.inspect())
      ? []
      : await this.#database.transaction((transaction) => applyPending(transaction, migrations));
    await this.#database.backfill?.();
    await this.#database.repair();
    return applied;
  }

  /** Compares the migration history of the database with the migrations of this version. Changes nothing. */
  async inspect(): Promise<MigrationState> {
    return compareHistory(await this.#database.readHistory(), this.#database.migrations);
  }
}

function isUpToDate(state: MigrationState): boolean {
  return missingIn(state).length + state.unknown.length === 0;
}

function assertUpToDate(state: MigrationState): void {
  assertNotTooNew(state);
  const missing = missingIn(state);
  if (missing.length > 0) {
    const advice = 'run npx ans-database migrate deploy, call migrateDatabase(), or set the option migrations to apply';
    throw new Failure('SCHEMA_OUTDATED', `the database lacks migrations: ${missing.join(', ')}; ${advice}`);
  }
}

function missingIn({ failed, pending }: MigrationState): string[] {
  return [...failed, ...pending];
}
