import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService } from '../index';
import type { SqliteDriver } from '../engines/sqlite/driver/driver';
import type { DatabaseLocation, PostgresqlLocation } from '../options/database-url';
import type { BatchLimits } from './batches';
import { exportDatabase } from './export-database';
import type { ExportFile } from './export-file';
import { exportedTables, type ExportTrailer } from './export-format';
import { moveDatabase, type MoveResult } from './move-database';
import { MoveError } from './move-error';
import type { LocatedDatabase, MoveOptions } from './move-between';
import { toMoveError } from './postgresql-error';

/** Database that can be exported, or that an import can fill. */
export type StoredDatabase = LocatedDatabase<Exclude<DatabaseLocation, { readonly kind: 'memory' }>>;

type PostgresqlDatabase = LocatedDatabase<PostgresqlLocation>;

/** Options for exporting a database. */
export interface ExportOptions {
  readonly limits: BatchLimits;
  readonly observer: Parameters<typeof exportDatabase>[3];
  /** Appends a text to the output. */
  readonly write: (text: string) => Promise<void>;
}

/** Maximum number of attempts to take a snapshot in which no entry of the event chain is pending. */
const maxAttempts = 20;
const retryMs = 50;

/**
 * Exports all tables of a database, as one snapshot.
 *
 * @throws MoveError or DatabaseError when the export fails; then the output is not complete
 */
export async function exportFrom(from: StoredDatabase, options: ExportOptions): Promise<ExportTrailer> {
  // Opening the database verifies its schema, completes rows that a migration left incomplete, and appends pending
  // entries to the event chain.
  await openAndClose(from.url, 'verify');
  try {
    return isPostgresql(from) ? await exportPostgresql(from, options) : await exportSqlite(from, options);
  } catch (error) {
    throw toMoveError(error, 'the export is not complete');
  }
}

async function exportSqlite(
  { location }: LocatedDatabase<DatabaseLocation>,
  options: ExportOptions,
): Promise<ExportTrailer> {
  // Loads the driver only now: `openAndClose` has opened the database before, and reports a missing driver clearly.
  const { SqliteSource } = await import('./sqlite-source.js');
  using source = SqliteSource.open(pathOf(location), await loadDriver());
  return await exportDatabase(source, options.write, options.limits, options.observer);
}

async function exportPostgresql(from: PostgresqlDatabase, options: ExportOptions): Promise<ExportTrailer> {
  const { PostgresqlSource } = await import('./postgresql-source.js');
  for (let attempt = 1; ; attempt += 1) {
    await using source = await PostgresqlSource.connect(from.location);
    if ((await source.count({ name: 'security_event_pending_entries' })) === 0) {
      return await exportDatabase(source, options.write, options.limits, options.observer);
    }
    if (attempt === maxAttempts) {
      throw new MoveError('events are recorded all the time and are not in the event chain yet; try again later');
    }
    await openAndClose(from.url, 'verify');
    await sleep(retryMs);
  }
}

/**
 * Fills an empty database from an export, in one transaction. Creates the tables if they do not exist.
 *
 * @throws MoveError or DatabaseError when the import fails; then nothing was written
 */
export async function importExport(file: ExportFile, to: StoredDatabase, options: MoveOptions): Promise<MoveResult> {
  // Checks that the database is empty before its schema is migrated, so that the schema of a database in use stays
  // unchanged.
  await assertImportable(file, to);
  await openAndClose(to.url, 'apply');
  try {
    return isPostgresql(to) ? await importPostgresql(file, to, options) : await importSqlite(file, to, options);
  } catch (error) {
    throw toMoveError(error);
  }
}

/**
 * Checks that a database is empty and that its tables match those of an export. Changes nothing.
 *
 * @throws MoveError or DatabaseError when the export cannot be imported
 */
export async function assertImportable(file: ExportFile, to: StoredDatabase): Promise<void> {
  requireSameTables(file);
  try {
    if (isPostgresql(to)) {
      const { PostgresqlTarget } = await import('./postgresql-target.js');
      await using target = await PostgresqlTarget.connect(to.location);
      await target.requireEmpty(await target.tables(file.tableNames()));
      return;
    }
    const path = pathOf(to.location);
    if ((await stat(path).catch(() => undefined)) === undefined) return;
    const { requireEmptyFile } = await import('./sqlite-target.js');
    requireEmptyFile(path, await loadDriver(), file.tableNames());
  } catch (error) {
    throw toMoveError(error);
  }
}

async function importPostgresql(file: ExportFile, to: PostgresqlDatabase, options: MoveOptions): Promise<MoveResult> {
  const { PostgresqlTarget } = await import('./postgresql-target.js');
  await using target = await PostgresqlTarget.connect(to.location);
  return await moveDatabase(file, target, options.limits, options.observer);
}

async function importSqlite(
  file: ExportFile,
  { location }: LocatedDatabase<DatabaseLocation>,
  options: MoveOptions,
): Promise<MoveResult> {
  const { SqliteTarget } = await import('./sqlite-target.js');
  using target = await SqliteTarget.open(pathOf(location), await loadDriver());
  return await moveDatabase(file, target, options.limits, options.observer);
}

async function loadDriver(): Promise<SqliteDriver> {
  const { loadSqliteDriver } = await import('../engines/sqlite/driver/load-driver.js');
  return loadSqliteDriver();
}

function requireSameTables(file: ExportFile): void {
  const there = file.tableNames();
  const others = [...there, ...exportedTables].filter(
    (name) => !there.includes(name) || !exportedTables.includes(name),
  );
  if (others.length === 0) return;
  throw new MoveError(`the file was written by another version of ans-database: it differs in ${others.join(', ')}`);
}

function isPostgresql(database: StoredDatabase): database is PostgresqlDatabase {
  return database.location.kind === 'postgresql';
}

function pathOf(location: DatabaseLocation): string {
  if (location.kind === 'file') return location.path;
  throw new MoveError('a database in memory cannot be exported or imported');
}

async function openAndClose(url: string, migrations: 'apply' | 'verify'): Promise<void> {
  const db = new DatabaseService({ url, migrations });
  await db.initialize();
  await db.close();
}
