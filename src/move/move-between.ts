import { stat } from 'node:fs/promises';
import { DatabaseService, isDatabaseError } from '../index';
import { Failure } from '../errors/failure';
import { parseDatabaseUrl, type DatabaseLocation } from '../options/database-url';
import { MoveError } from './move-error';
import type { BatchLimits } from './batches';
import { moveDatabase, type MoveObserver, type MoveResult } from './move-database';
import { toMoveError } from './postgresql-error';
import { PostgresqlTarget } from './postgresql-target';

/** Options of a move. */
export interface MoveOptions {
  readonly limits: BatchLimits;
  readonly observer: MoveObserver;
}

/**
 * Copies the SQLite database at one URL to the PostgreSQL database at another.
 *
 * @throws MoveError or DatabaseError when nothing was moved.
 */
export async function moveBetween(from: string, to: string, { limits, observer }: MoveOptions): Promise<MoveResult> {
  const sqlite = parseUrl(from, '--from');
  if (sqlite.kind !== 'file') throw new MoveError('--from must be a SQLite database: file:PATH');
  const postgresql = parseUrl(to, '--to');
  if (postgresql.kind !== 'postgresql') {
    throw new MoveError('--to must be a PostgreSQL database: postgresql://...');
  }
  await prepareSource(from, sqlite.path);
  // Loaded after the source was opened, which reports a missing driver.
  const { loadSqliteDriver } = await import('../engines/sqlite/driver/load-driver.js');
  const { SqliteSource } = await import('./sqlite-source.js');
  using source = SqliteSource.open(sqlite.path, loadSqliteDriver());
  try {
    await using target = await PostgresqlTarget.connect(postgresql);
    // Checked before the migrations, so that the schema of a database in use stays unchanged.
    await target.requireEmpty(await target.tables(source.tableNames()));
    await prepareTarget(to);
    return await moveDatabase(source, target, limits, observer);
  } catch (error) {
    throw toMoveError(error);
  }
}

function parseUrl(url: string, option: string): DatabaseLocation {
  try {
    return parseDatabaseUrl(url);
  } catch (error) {
    if (error instanceof Failure) throw new MoveError(error.message.replace(/^url/, option));
    throw error;
  }
}

/** Verifies the schema of the source, and lets the package complete rows that a migration left incomplete. */
async function prepareSource(url: string, path: string): Promise<void> {
  // SQLite would create a missing file.
  const stats = await stat(path).catch(() => undefined);
  if (!stats?.isFile()) throw new MoveError(`${path} is not a readable file`);
  const db = new DatabaseService({ url, migrations: 'verify' });
  try {
    await db.initialize();
  } catch (error) {
    if (!isDatabaseError(error) || error.code !== 'SCHEMA_OUTDATED') throw error;
    // The command without --url would migrate the database of DATABASE_URL, which is the target.
    const command = `npx ans-database migrate deploy --url ${url}`;
    throw new MoveError(`the SQLite database lacks migrations (${error.code}); apply them first: ${command}`);
  }
  await db.close();
}

async function prepareTarget(url: string): Promise<void> {
  const db = new DatabaseService({ url, migrations: 'apply' });
  await db.initialize();
  await db.close();
}
