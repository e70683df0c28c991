import { MigrationError } from './migration-error';
import type { ShippedMigration } from './shipped-migrations';

/** State of a database, by names of migrations. */
export interface MigrationState {
  /** Applied and not rolled back, in the order of their start. */
  readonly applied: readonly string[];
  /** Shipped, and neither applied nor failed, in their order. */
  readonly pending: readonly string[];
  /** Applied but not shipped: a newer package has been here. */
  readonly unknown: readonly string[];
  /** Started, and neither finished nor rolled back. */
  readonly failed: readonly string[];
}

/** An entry of Prisma Migrate's history that was not rolled back. */
export interface HistoryEntry {
  readonly name: string;
  readonly isFinished: boolean;
}

/** Compares a history, in the order of its entries' start, with the migrations of this package. */
export function compareHistory(entries: readonly HistoryEntry[], shipped: readonly ShippedMigration[]): MigrationState {
  const applied = unique(entries.filter(({ isFinished }) => isFinished));
  const failed = unique(entries.filter(({ isFinished }) => !isFinished)).filter((name) => !applied.includes(name));
  const shippedNames = shipped.map(({ name }) => name);
  return {
    applied,
    pending: shippedNames.filter((name) => !applied.includes(name) && !failed.includes(name)),
    unknown: applied.filter((name) => !shippedNames.includes(name)),
    failed,
  };
}

/** Throws where nothing may be applied to a database in this state. */
export function assertMigratable({ unknown, failed }: MigrationState): void {
  if (unknown.length > 0) {
    throw new MigrationError('too-new', `the database has migrations of a newer version: ${unknown.join(', ')}`);
  }
  if (failed.length > 0) {
    throw new MigrationError('failed-before', `an earlier attempt at a migration failed: ${failed.join(', ')}`);
  }
}

function unique(entries: readonly HistoryEntry[]): string[] {
  return [...new Set(entries.map(({ name }) => name))];
}
