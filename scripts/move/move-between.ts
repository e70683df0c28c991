import { stat } from 'node:fs/promises';
import { DatabaseService, isDatabaseError } from '../../src';
import { Failure } from '../../src/errors/failure';
import { parseDatabaseUrl, type DatabaseLocation } from '../../src/options/database-url';
import { ScriptError } from '../console/run-script';
import type { BatchLimits } from './batches';
import { moveDatabase, type MoveObserver, type MoveResult } from './move-database';
import { toScriptError } from './postgresql-error';
import { PostgresqlTarget } from './postgresql-target';
import { SqliteSource } from './sqlite-source';

/** Options of a move. */
export interface MoveOptions {
  readonly limits: BatchLimits;
  readonly observer: MoveObserver;
}

/**
 * Moves the SQLite database of one URL to the PostgreSQL database of another.
 * @throws ScriptError, or a DatabaseError of the package, where nothing was moved
 */
export async function moveBetween(from: string, to: string, { limits, observer }: MoveOptions): Promise<MoveResult> {
  const sqlite = parseUrl(from, '--from');
  if (sqlite.kind !== 'file') throw new ScriptError('--from must be a SQLite database: file: and a path');
  const postgresql = parseUrl(to, '--to');
  if (postgresql.kind !== 'postgresql') {
    throw new ScriptError('--to must be a PostgreSQL database: postgresql://...');
  }
  await prepareSource(from, sqlite.path);
  using source = SqliteSource.open(sqlite.path);
  try {
    await using target = await PostgresqlTarget.connect(postgresql);
    // Not even the schema of a database in use is touched.
    await target.refuseUnlessEmpty(await target.tables(source.tableNames()));
    await prepareTarget(to);
    return await moveDatabase(source, target, limits, observer);
  } catch (error) {
    throw toScriptError(error);
  }
}

function parseUrl(url: string, option: string): DatabaseLocation {
  try {
    return parseDatabaseUrl(url);
  } catch (error) {
    if (error instanceof Failure) throw new ScriptError(error.message.replace(/^url/, option));
    throw error;
  }
}

/** Looks whether the database has the schema, and has the package complete the rows that a migration left incomplete. */
async function prepareSource(url: string, path: string): Promise<void> {
  // Opening it would make one.
  const stats = await stat(path).catch(() => undefined);
  if (!stats?.isFile()) throw new ScriptError(`${path} is no file that can be read`);
  const db = new DatabaseService({ url, migrations: 'verify' });
  try {
    await db.initialize();
  } catch (error) {
    if (!isDatabaseError(error) || error.code !== 'SCHEMA_OUTDATED') throw error;
    const advice = 'bring it up to date first: initialize() of the package does, or npx prisma migrate deploy';
    throw new ScriptError(`${error.message} (${error.code}); ${advice}`);
  }
  await db.close();
}

async function prepareTarget(url: string): Promise<void> {
  const db = new DatabaseService({ url, migrations: 'apply' });
  await db.initialize();
  await db.close();
}
