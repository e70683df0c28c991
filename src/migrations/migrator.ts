import type { DatabaseErrorCode } from '../errors/database-error';
import { Failure } from '../errors/failure';
import { MigrationError, type MigrationErrorReason } from './migration-error';
import type { MigrationState } from './migration-state';
import type { MigrationMode } from '../options/types';

const reasonCodes: Readonly<Record<MigrationErrorReason, DatabaseErrorCode>> = {
  'too-new': 'SCHEMA_TOO_NEW',
  'failed-before': 'MIGRATION_FAILED',
  failed: 'MIGRATION_FAILED',
  denied: 'PERMISSION_DENIED',
  'not-empty': 'MIGRATION_FAILED',
  busy: 'BUSY',
};

/** Looks after the schema of a database, whichever engine it is of. */
export abstract class Migrator {
  /** Does at the start what `mode` says; returns the names of the migrations applied. */
  async prepare(mode: MigrationMode): Promise<string[]> {
    if (mode === 'skip') return [];
    if (mode === 'apply') return this.apply();
    assertUpToDate(await this.inspect());
    await this.complete();
    return [];
  }

  /**
   * Applies the pending migrations atomically; returns their names. Loads the schema engine only when there are any.
   */
  async apply(): Promise<string[]> {
    const applied = isUpToDate(await this.inspect()) ? [] : await this.#applyPending();
    await this.complete();
    await this.repair();
    return applied;
  }

  /** The names of the migrations that are not applied, or not as a whole. */
  async pending(): Promise<string[]> {
    return namesOfPending(await this.inspect());
  }

  /** Returns the migration state of the database. */
  protected abstract inspect(): Promise<MigrationState>;

  /** Applies the pending migrations, and throws a MigrationError when it fails. */
  protected abstract applyPending(): Promise<string[]>;

  /** Does what SQL cannot, once the schema is up to date. */
  protected complete(): Promise<void> {
    return Promise.resolve();
  }

  /**
   * Repairs the side effects of copied rows once the schema is up to date. A start that only verifies changes nothing.
   */
  protected repair(): Promise<void> {
    return Promise.resolve();
  }

  async #applyPending(): Promise<string[]> {
    try {
      return await this.applyPending();
    } catch (error) {
      if (!(error instanceof MigrationError)) throw error;
      throw new Failure(reasonCodes[error.reason], error.message, { cause: error });
    }
  }
}

function isUpToDate({ pending, unknown, failed }: MigrationState): boolean {
  return pending.length + unknown.length + failed.length === 0;
}

function assertUpToDate({ pending, unknown, failed }: MigrationState): void {
  if (unknown.length > 0) {
    throw new Failure('SCHEMA_TOO_NEW', `the database has migrations of a newer version: ${unknown.join(', ')}`);
  }
  if (pending.length + failed.length > 0) {
    const names = namesOfPending({ pending, failed }).join(', ');
    throw new Failure('SCHEMA_OUTDATED', `the database lacks migrations: ${names}`);
  }
}

function namesOfPending({ pending, failed }: Pick<MigrationState, 'pending' | 'failed'>): string[] {
  return [...failed, ...pending];
}
