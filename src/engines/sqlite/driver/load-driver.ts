import { betterSqlite3 } from './better-sqlite3';
import type { SqliteDriver } from './driver';

/** Returns the driver of SQLite. @throws errors of Node.js when it cannot be loaded. */
export function loadSqliteDriver(): SqliteDriver {
  return betterSqlite3();
}
