import { Failure } from '../errors/failure';
import type { MigrationState } from '../storage/migration-state';
import { isOwnMigration, type Migration } from './migration';

/**
 * Entry of the table `_prisma_migrations`, the history of Prisma Migrate. Entries that are marked as rolled back are
 * not read.
 */
export interface HistoryEntry {
  readonly name: string;
  readonly isFinished: boolean;
}

/** Values of a new row in the table `_prisma_migrations`. */
export interface HistoryRow {
  readonly id: string;
  readonly checksum: string;
  readonly name: string;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  /**
   * Log of the migration. It is null when the script of the migration was run, and empty when the migration was only
   * recorded as applied.
   */
  readonly logs: '' | null;
  readonly appliedSteps: 0 | 1;
}

/** Compares the migration history of a database with the migrations of this version of the package. */
export function compareHistory(history: readonly HistoryEntry[], migrations: readonly Migration[]): MigrationState {
  const own = history.filter(({ name }) => isOwnMigration(name));
  const applied = namesOf(own.filter(({ isFinished }) => isFinished));
  const failed = namesOf(own.filter(({ isFinished }) => !isFinished)).filter((name) => !applied.includes(name));
  const known = migrations.map(({ name }) => name);
  return {
    applied,
    pending: known.filter((name) => !applied.includes(name) && !failed.includes(name)),
    unknown: applied.filter((name) => !known.includes(name)),
    failed,
  };
}

/**
 * Checks that no newer version of this package has migrated the database.
 *
 * @throws SCHEMA_TOO_NEW when a newer version has migrated it
 */
export function assertNotTooNew({ unknown }: MigrationState): void {
  if (unknown.length === 0) return;
  throw new Failure('SCHEMA_TOO_NEW', `the database has migrations of a newer version: ${unknown.join(', ')}`);
}

function namesOf(entries: readonly HistoryEntry[]): string[] {
  return [...new Set(entries.map(({ name }) => name))];
}
