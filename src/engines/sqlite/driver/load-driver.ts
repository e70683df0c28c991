import { Failure } from '../../../errors/failure';
import type { SqliteDriverName } from '../../../options/types';
import { toLoadFailure } from '../errors/load-failure';
import { assertOnlyLibrary } from '../open-files';
import { mappedFiles } from '../process-mappings';
import { betterSqlite3 } from './better-sqlite3';
import type { SqliteDriver } from './driver';
import type * as NodeSqliteFile from './node-sqlite';

/**
 * Driver for callers that request none. All of them must get the same driver, because two drivers in one process cannot
 * share a file.
 */
let defaultDriver: SqliteDriver | undefined;

/**
 * Loads a SQLite driver, and returns it.
 *
 * @param name - name of the driver. Default: better-sqlite3 if it can be loaded, otherwise `node:sqlite`.
 * @throws when the driver cannot be loaded: DRIVER_UNAVAILABLE for `node:sqlite`, and errors of Node.js for
 * better-sqlite3.
 */
export function loadSqliteDriver(name?: SqliteDriverName): SqliteDriver {
  if (name === 'better-sqlite3') return betterSqlite3();
  if (name === undefined) return (defaultDriver ??= loadAny());
  const driver = nodeSqlite();
  if (driver !== undefined) return driver;
  throw new Failure('DRIVER_UNAVAILABLE', 'this version of Node.js has no node:sqlite: use Node.js 22.16 or newer');
}

/**
 * Loads the driver for the database file at `path`, like {@link loadSqliteDriver}.
 *
 * @throws UNAVAILABLE when another SQLite library in this process has the file open.
 */
export function loadSqliteDriverFor(path: string, name: SqliteDriverName | undefined): SqliteDriver {
  // Lists the files that are mapped into memory before the driver is loaded: later, its own binary would be one of them.
  const mapped = mappedFiles();
  const driver = loadSqliteDriver(name);
  assertOnlyLibrary(path, driver.library, mapped);
  return driver;
}

function loadAny(): SqliteDriver {
  try {
    return betterSqlite3();
  } catch (error) {
    const driver = isLoadError(error) ? nodeSqlite() : undefined;
    if (driver === undefined) throw error;
    return driver;
  }
}

// Loads `node:sqlite` only when it is needed. Most processes use better-sqlite3, and start faster without
// `node:sqlite`.
function nodeSqlite(): SqliteDriver | undefined {
  // Uses `require`, because an import would load the module at once.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return (require('./node-sqlite') as typeof NodeSqliteFile).nodeSqlite();
}

function isLoadError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && toLoadFailure(error, error) !== undefined;
}
