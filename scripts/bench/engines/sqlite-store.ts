import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDriver from 'better-sqlite3';
import { digestOf } from '../digest';
import { fillDatabase } from './fill-database';
import type { Store, StoreOptions } from './store';
import { sqliteNow, writtenRowQueries } from './written-rows';

/** Opens a store of SQLite databases. */
export function openSqliteStore({ folder, analyze }: StoreOptions): Store {
  const templatePath = (template: string): string => join(folder, `template-${template}.sqlite`);
  return {
    version: `SQLite ${sqliteVersion()}`,
    fill: async (template, build, size) => {
      const path = templatePath(template);
      await fillDatabase(build, `file:${path}`, size);
      withDatabase(path, (driver) => {
        if (analyze) driver.exec('ANALYZE');
        // Copies the write-ahead log into the database file, because each contender gets a copy of the database file
        // only.
        driver.pragma('wal_checkpoint(TRUNCATE)');
      });
    },
    copy: (template, contender) => {
      const path = join(folder, `${contender}.sqlite`);
      copyFileSync(templatePath(template), path);
      return Promise.resolve(path);
    },
    digestOf: (path) =>
      Promise.resolve(
        withDatabase(path, (driver) =>
          digestOf(writtenRowQueries(sqliteNow).flatMap((query) => driver.prepare<[], object>(query).all())),
        ),
      ),
    close: () => Promise.resolve(),
  };
}

function sqliteVersion(): string {
  return withDatabase(':memory:', (driver) => String(driver.prepare('SELECT sqlite_version()').pluck(true).get()));
}

function withDatabase<T>(path: string, use: (driver: SqliteDriver.Database) => T): T {
  const driver = new SqliteDriver(path);
  try {
    return use(driver);
  } finally {
    driver.close();
  }
}
