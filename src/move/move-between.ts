import { stat } from 'node:fs/promises';
import { DatabaseService, isDatabaseError } from '../index';
import type { DatabaseLocation, PostgresqlLocation } from '../options/database-url';
import { MoveError } from './move-error';
import type { BatchLimits } from './batches';
import { moveDatabase, type MoveObserver, type MoveResult } from './move-database';
import { toMoveError } from './postgresql-error';
import { PostgresqlTarget } from './postgresql-target';

/** Options for moving a database. */
export interface MoveOptions {
  readonly limits: BatchLimits;
  readonly observer: MoveObserver;
}

/** Database to move or export, with its URL and the parsed URL. */
export interface LocatedDatabase<L extends DatabaseLocation> {
  readonly url: string;
  readonly location: L;
}

export type SqliteFile = LocatedDatabase<Extract<DatabaseLocation, { readonly kind: 'file' }>>;

/**
 * Copies a SQLite database to a PostgreSQL database.
 *
 * @throws MoveError or DatabaseError when the move fails; then nothing was written
 */
export async function moveBetween(
  from: SqliteFile,
  to: LocatedDatabase<PostgresqlLocation>,
  { limits, observer }: MoveOptions,
): Promise<MoveResult> {
  await prepareSource(from);
  // Loads the driver only now: opening the source before has reported a missing driver in a readable way.
  const { loadSqliteDriver } = await import('../engines/sqlite/driver/load-driver.js');
  const { SqliteSource } = await import('./sqlite-source.js');
  using source = SqliteSource.open(from.location.path, loadSqliteDriver());
  try {
    await using target = await PostgresqlTarget.connect(to.location);
    // Checks that the target is empty before its schema is migrated, so that the schema of a database in use stays
    // unchanged.
    await target.requireEmpty(await target.tables(source.tableNames()));
    await prepareTarget(to.url);
    return await moveDatabase(source, target, limits, observer);
  } catch (error) {
    throw toMoveError(error);
  }
}

/**
 * Verifies the schema of the source database. Opening the database also completes rows that a migration left
 * incomplete.
 */
async function prepareSource({ url, location: { path } }: SqliteFile): Promise<void> {
  // Checks that the source file exists, because SQLite would create a missing file.
  const stats = await stat(path).catch(() => undefined);
  if (!stats?.isFile()) throw new MoveError(`${path} is not a readable file`);
  const db = new DatabaseService({ url, migrations: 'verify' });
  try {
    await db.initialize();
  } catch (error) {
    if (!isDatabaseError(error) || error.code !== 'SCHEMA_OUTDATED') throw error;
    // The command in the message names the source by `--url`, because DATABASE_URL names the target.
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
