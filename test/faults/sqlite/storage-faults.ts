import SqliteDriver, { type Database, type Statement } from '../../support/sqlite-driver';

/** A way in which SQLite fails a statement. */
export interface StorageFault {
  readonly code: string;
  /** True when SQLite also ends the transaction, as it does by itself after some failures. */
  readonly rollsBack: boolean;
}

const methods = ['run', 'all', 'get'] as const;

/**
 * Calls `work` while the storage fails the statement with the number `at`, counted from 1 over all connections. Returns
 * the SQL of the statement, or undefined when `work` runs fewer.
 */
export async function withStorageFault(
  at: number,
  { code, rollsBack }: StorageFault,
  work: () => Promise<unknown>,
): Promise<string | undefined> {
  let count = 0;
  let failed: string | undefined;
  const pass = (sql: string, database: Database): void => {
    count += 1;
    if (count !== at) return;
    failed = sql;
    if (rollsBack && database.inTransaction) database.exec('ROLLBACK');
    throw new SqliteDriver.SqliteError('injected', code);
  };
  const probe = new SqliteDriver(':memory:');
  // The driver does not export the class of its statements.
  const prototype = Object.getPrototypeOf(probe.prepare('SELECT 1')) as Statement;
  probe.close();
  const spies = methods.map((method) => {
    // Called with the statement as `this` below.
    // eslint-disable-next-line @typescript-eslint/unbound-method
    const original = prototype[method];
    return jest.spyOn(prototype, method).mockImplementation(function (this: Statement, ...args: unknown[]) {
      pass(this.source, this.database);
      return original.apply(this, args);
    });
  });
  // Called with the connection as `this` below.
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const exec = SqliteDriver.prototype.exec;
  const execSpy = jest.spyOn(SqliteDriver.prototype, 'exec').mockImplementation(function (this: Database, sql) {
    pass(sql, this);
    return exec.call(this, sql);
  });
  try {
    await work();
  } finally {
    for (const spy of [...spies, execSpy]) spy.mockRestore();
  }
  return failed;
}
