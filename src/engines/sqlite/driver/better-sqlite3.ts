import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import { identityOf } from '../file-identity';
import type { DriverConnection, SqliteDriver, SqliteLibrary } from './driver';

/**
 * First seven folders in which the npm package `bindings` searches for the binary of better-sqlite3, in the same order.
 */
const binaryFolders = ['build', 'build/Debug', 'build/Release', 'out/Debug', 'Debug', 'out/Release', 'Release'];

let driver: SqliteDriver | undefined;

/**
 * Loads better-sqlite3, and returns it as a driver.
 *
 * @throws errors of Node.js when better-sqlite3 or its binary cannot be loaded.
 */
export function betterSqlite3(): SqliteDriver {
  driver ??= load();
  return driver;
}

function load(): SqliteDriver {
  const entry = require.resolve('better-sqlite3');
  // Uses `require`, because an import would fail if the package is not installed.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const Database = require('better-sqlite3') as typeof BetterSqlite3;
  // Opens a connection, which loads the binary, so that a missing binary is reported now.
  new Database(':memory:').close();
  return {
    library: findLibrary(entry),
    threadSource: `const Driver = require(${JSON.stringify(entry)});`,
    open: (path, options): DriverConnection => new Database(path, options),
  };
}

function findLibrary(entry: string): SqliteLibrary {
  const root = dirname(dirname(entry));
  const binary = binaryFolders.map((folder) => join(root, folder, 'better_sqlite3.node')).find(existsSync);
  // Uses the JavaScript file to identify the library if a bundler has moved the binary.
  const path = realpathSync(binary ?? entry);
  return { id: identityOf(path), path };
}
