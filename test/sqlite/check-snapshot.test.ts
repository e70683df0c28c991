import SqliteDriver from '../support/sqlite-driver';
import { SqliteConnection, type SqliteSettings } from '../../src/engines/sqlite/connection';
import { expectError } from '../support/expect-error';
import { openSqlite } from '../support/raw-writer';
import { fill, soundReport } from '../support/sound-database';
import { afterTest, openTestDatabase } from '../support/test-database';

/** Calls `intercept` for each connection that is opened for reading from now on. */
function onEachReader(intercept: (connection: SqliteConnection) => void): void {
  const openReader = SqliteConnection.openReader.bind(SqliteConnection);
  const spy = jest.spyOn(SqliteConnection, 'openReader').mockImplementation((settings: SqliteSettings) => {
    const connection = openReader(settings);
    intercept(connection);
    return connection;
  });
  afterTest(() => spy.mockRestore());
}

/**
 * Makes the next `times` attempts to begin a snapshot fail, as happens while another process recovers the -shm file.
 */
function lockSnapshots(times: number): { readonly attempts: () => number } {
  let attempts = 0;
  onEachReader(({ driver }) => {
    const exec = driver.exec.bind(driver);
    jest.spyOn(driver, 'exec').mockImplementation((sql) => {
      if (sql !== 'BEGIN') return exec(sql);
      attempts += 1;
      if (attempts <= times) throw new SqliteDriver.SqliteError('database is locked', 'SQLITE_BUSY_RECOVERY');
      return exec(sql);
    });
  });
  return { attempts: () => attempts };
}

describe('db.check() on SQLite', () => {
  test('check() reads one state of the database while another program changes it', async () => {
    const database = await openTestDatabase();
    await fill(database);
    let statements = 0;
    onEachReader((connection) => {
      const run = connection.run.bind(connection);
      jest.spyOn(connection, 'run').mockImplementation((statement) => {
        statements += 1;
        if (statements === 2) {
          const other = openSqlite(database.options.url);
          other.pragma('foreign_keys = OFF');
          other.exec("UPDATE agents SET certificate_id = 'missing'; UPDATE security_events SET source = 'changed'");
          other.close();
        }
        return run(statement);
      });
    });
    expect(await database.db.check()).toEqual(soundReport);
    expect(statements).toBeGreaterThan(10);
    expect(await database.db.check()).toMatchObject({ ok: false });
  });

  test('check() waits for a lock that prevents its snapshot', async () => {
    const database = await openTestDatabase();
    await fill(database);
    const { attempts } = lockSnapshots(2);
    expect(await database.db.check()).toEqual(soundReport);
    expect(attempts()).toBe(3);
  });

  test('check() fails with BUSY when a lock prevents its snapshot for longer than busyTimeoutMs', async () => {
    const { db } = await openTestDatabase({ busyTimeoutMs: 20, retry: false });
    lockSnapshots(Number.POSITIVE_INFINITY);
    await expectError('BUSY', () => db.check());
  });
});
