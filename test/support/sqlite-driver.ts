import type BetterSqlite3 from 'better-sqlite3';
import type * as NodeSqliteConnectionFile from '../../src/engines/sqlite/driver/node-sqlite-connection';
import type { NodeSqliteModule } from '../../src/engines/sqlite/driver/node-sqlite-module';

/*
 * The driver with which tests open SQLite files: better-sqlite3, or `node:sqlite` when the tests run on it. Two SQLite
 * libraries in one process must not open the same file.
 */

export type { Database, Statement } from 'better-sqlite3';

/** True when the tests run on `node:sqlite`. jest.config.ts then hides better-sqlite3. */
export const onNodeSqlite = process.env['TEST_SQLITE_DRIVER'] === 'node:sqlite';

class SqliteError extends Error {
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** Returns the package's driver for `node:sqlite` as the class that better-sqlite3 exports. */
function nodeSqlite(): typeof BetterSqlite3 {
  // Loaded only here: the tests with better-sqlite3 use no code of the package to open a file.
  const file = '../../src/engines/sqlite/driver/node-sqlite-connection';
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { NodeSqliteConnection } = require(file) as typeof NodeSqliteConnectionFile;
  const sqlite = process.getBuiltinModule('node:sqlite') as NodeSqliteModule;
  type Arguments = ConstructorParameters<NodeSqliteModule['DatabaseSync']>;
  const DatabaseSync = new Proxy(sqlite.DatabaseSync, {
    construct: (target, [path, options]: Arguments) => new target(path, { ...options, defensive: false }),
  });
  function open(path: string, options?: object): object {
    const connection = new NodeSqliteConnection({ ...sqlite, DatabaseSync }, path, options);
    return Object.assign(connection, { unsafeMode: () => undefined });
  }
  open.prototype = NodeSqliteConnection.prototype;
  // It has those methods of better-sqlite3 that the tests use.
  return Object.assign(open, { SqliteError }) as unknown as typeof BetterSqlite3;
}

// eslint-disable-next-line @typescript-eslint/no-require-imports
const driver = onNodeSqlite ? nodeSqlite() : (require('better-sqlite3') as typeof BetterSqlite3);
export default driver;
