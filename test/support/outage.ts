import SqliteDriver from './sqlite-driver';
import type { DatabaseOptions } from '../../src';
import { SqliteConnection } from '../../src/engines/sqlite/connection';
import { TcpProxy } from './tcp-proxy';
import { onPostgresql } from './engine';
import { findFreePort } from './server-process';
import { afterTest, newDatabaseUrl, openTestDatabase, type TestDatabase } from './test-database';

/** A database that a test can break and repair: the network to the server is cut, or the disk reports errors. */
export interface FailingDatabase extends TestDatabase {
  /** URL that leads to the same database even during the outage. */
  readonly safeUrl: string;
  /** Makes all calls fail, also those in flight. */
  readonly breakDown: () => Promise<void>;
  readonly recover: () => Promise<void>;
  /** Makes the next `times` statements fail whose SQL begins with `sql`. */
  readonly failStatements: (sql: string, times: number) => void;
  /** Returns the number of failed requests to the database since the last call. */
  readonly failures: () => number;
}

export async function openFailingDatabase(options: DatabaseOptions = {}): Promise<FailingDatabase> {
  return onPostgresql ? openBehindProxy(options) : openOnFailingDisk(options);
}

async function openBehindProxy(options: DatabaseOptions): Promise<FailingDatabase> {
  const safeUrl = await newDatabaseUrl();
  const port = Number(new URL(safeUrl).port);
  const proxy = await TcpProxy.start(port);
  const database = await openTestDatabase({ ...options, url: proxy.url(safeUrl) });
  let isDown = false;
  let seen = 0;
  return {
    ...database,
    safeUrl,
    breakDown: async () => {
      proxy.retarget(await findFreePort());
      proxy.cutAll();
      isDown = true;
      seen = proxy.connections;
    },
    recover: () => {
      proxy.retarget(port);
      isDown = false;
      return Promise.resolve();
    },
    failStatements: (sql, times) => proxy.cutAt(sql, 'before', times),
    failures: () => {
      const count = isDown ? proxy.connections - seen : proxy.cuts;
      seen = proxy.connections;
      return count;
    },
  };
}

async function openOnFailingDisk(options: DatabaseOptions): Promise<FailingDatabase> {
  const database = await openTestDatabase(options);
  // The prototype's methods, called with the connection as `this` below.
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const { run, dataVersion } = SqliteConnection.prototype;
  let failing: { readonly sql: string; times: number } | undefined;
  let failures = 0;
  const fail = (): never => {
    failures += 1;
    throw new SqliteDriver.SqliteError('disk I/O error', 'SQLITE_IOERR');
  };
  const runSpy = jest.spyOn(SqliteConnection.prototype, 'run').mockImplementation(function (
    this: SqliteConnection,
    statement,
  ) {
    if (failing === undefined || failing.times <= 0 || !statement.sql.startsWith(failing.sql)) {
      return run.call(this, statement);
    }
    failing.times -= 1;
    return fail();
  });
  const versionSpy = jest.spyOn(SqliteConnection.prototype, 'dataVersion').mockImplementation(function (
    this: SqliteConnection,
  ) {
    return failing?.sql === '' ? fail() : dataVersion.call(this);
  });
  afterTest(() => {
    runSpy.mockRestore();
    versionSpy.mockRestore();
  });
  return {
    ...database,
    safeUrl: database.options.url,
    breakDown: () => {
      failing = { sql: '', times: Number.POSITIVE_INFINITY };
      failures = 0;
      return Promise.resolve();
    },
    recover: () => {
      failing = undefined;
      return Promise.resolve();
    },
    failStatements: (sql, times) => {
      failing = { sql, times };
      failures = 0;
    },
    failures: () => {
      const count = failures;
      failures = 0;
      return count;
    },
  };
}
