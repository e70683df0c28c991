import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDriver from 'better-sqlite3';
import { fillDatabase } from './fill-database';
import type { Store, StoreOptions } from './store';
import { digestOfRows, sqliteNow, writtenRowQueries } from './written-rows';

/** Databases in files. */
export function openSqliteStore({ folder, analyze }: StoreOptions): Store {
  const original = join(folder, 'original.sqlite');
  return {
    version: `SQLite ${sqliteVersion()}`,
    fill: async (build, agentCount) => {
      await fillDatabase(build, `file:${original}`, agentCount);
      settle(original, analyze);
    },
    copy: (name) => {
      const path = join(folder, `${name}.sqlite`);
      copyFileSync(original, path);
      return Promise.resolve(path);
    },
    digestOf: (path) => Promise.resolve(digestOfTables(path)),
    // The folder goes with all that is in it.
    close: () => Promise.resolve(),
  };
}

/** Leaves the whole database in its one file, so that a copy of that is a copy of all. */
function settle(path: string, analyze: boolean): void {
  const driver = new SqliteDriver(path);
  if (analyze) driver.exec('ANALYZE');
  driver.pragma('wal_checkpoint(TRUNCATE)');
  driver.close();
}

function sqliteVersion(): string {
  const driver = new SqliteDriver(':memory:');
  try {
    return String(driver.prepare('SELECT sqlite_version()').pluck(true).get());
  } finally {
    driver.close();
  }
}

function digestOfTables(path: string): string {
  const driver = new SqliteDriver(path, { readonly: true });
  try {
    return digestOfRows(
      writtenRowQueries(sqliteNow).flatMap((query) => driver.prepare<[], unknown[]>(query).raw(true).all()),
    );
  } finally {
    driver.close();
  }
}
