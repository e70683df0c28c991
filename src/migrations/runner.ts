import { randomUUID } from 'node:crypto';
import { Failure } from '../errors/failure';
import { assertNotTooNew, compareHistory, type HistoryEntry, type HistoryRow } from './history';
import type { Migration } from './migration';

/**
 * Objects in a database apart from its migration history. `empty`: none. `initial`: the tables that the first migration
 * would create. `other`: any other objects.
 */
export type ExistingSchema = 'empty' | 'initial' | 'other';

/** Open transaction in which migrations are applied to a database. */
export interface MigrationTransaction {
  /** Returns the entries of the migration history; undefined when the database has no history. */
  readHistory(): Promise<readonly HistoryEntry[] | undefined>;
  /** Creates an empty migration history. */
  createHistory(): Promise<void>;
  inspectSchema(): Promise<ExistingSchema>;
  /**
   * Runs the script of a migration.
   *
   * @throws MIGRATION_FAILED with the name of the migration
   */
  run(migration: Migration): Promise<void>;
  /** Adds a row to the migration history. */
  record(row: HistoryRow): Promise<void>;
}

/**
 * Applies the pending migrations in an open transaction, and records them in the history as Prisma Migrate does. The
 * caller commits the transaction, or rolls it back after an error.
 *
 * @returns the names of the applied migrations, in the order of application; an empty array when none was pending.
 * @throws SCHEMA_TOO_NEW when a newer version has migrated the database; MIGRATION_FAILED when a migration fails or has
 * failed before, or when the database has other objects and its history has no finished migration
 */
export async function applyPending(
  transaction: MigrationTransaction,
  migrations: readonly Migration[],
): Promise<string[]> {
  const history = await transaction.readHistory();
  const state = compareHistory(history ?? [], migrations);
  assertNotTooNew(state);
  if (state.failed.length > 0) {
    throw new Failure('MIGRATION_FAILED', `an earlier attempt at a migration failed: ${state.failed.join(', ')}`);
  }
  const pending = migrations.filter(({ name }) => state.pending.includes(name));
  const [first] = pending;
  if (first === undefined) return [];
  const adopted = state.applied.length === 0 && (await hasInitialSchema(transaction, history)) ? first : undefined;
  if (history === undefined) await transaction.createHistory();
  if (adopted !== undefined) await transaction.record(rowOf(adopted, new Date(), '', 0));
  const remaining = pending.filter((migration) => migration !== adopted);
  for (const migration of remaining) {
    const startedAt = new Date();
    await transaction.run(migration);
    await transaction.record(rowOf(migration, startedAt, null, 1));
  }
  return remaining.map(({ name }) => name);
}

/**
 * Reports whether the database has the tables that the first migration would create, but no migration history.
 *
 * @throws MIGRATION_FAILED when the database has other objects and its history has no finished migration: the URL may
 * name the database of another application.
 */
async function hasInitialSchema(
  transaction: MigrationTransaction,
  history: readonly HistoryEntry[] = [],
): Promise<boolean> {
  const schema = await transaction.inspectSchema();
  if (schema === 'other' && !history.some(({ isFinished }) => isFinished)) {
    throw new Failure('MIGRATION_FAILED', 'the database is not empty and has no history of migrations');
  }
  return schema === 'initial';
}

function rowOf({ name, checksum }: Migration, startedAt: Date, logs: '' | null, appliedSteps: 0 | 1): HistoryRow {
  return { id: randomUUID(), checksum, name, startedAt, finishedAt: new Date(), logs, appliedSteps };
}
