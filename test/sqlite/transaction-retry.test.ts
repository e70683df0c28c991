import { setTimeout as sleep } from 'node:timers/promises';
import SqliteDriver from 'better-sqlite3';
import type { TransactionScope } from '../../src';
import { SqliteConnection } from '../../src/engines/sqlite/connection';
import { expectError } from '../support/expect-error';
import { certificateInput, createAgent, createCertificate } from '../support/factories';
import { rawRows, rawValues } from '../support/raw-reader';
import { afterTest, openTestDatabase, type TestDatabase } from '../support/test-database';

/** Takes the write lock of a database as another process would; returns what gives it up. */
function lock({ options }: TestDatabase): () => void {
  const driver = new SqliteDriver(options.url.replace(/^file:/, ''));
  afterTest(() => void driver.close());
  driver.exec('BEGIN IMMEDIATE');
  return () => void driver.exec('ROLLBACK');
}

/** Has the storage fail the next `times` statements whose SQL is `sql`, as a disk with a loose cable does. */
function failStatements(sql: string, times: number): { readonly failures: () => number } {
  // The prototype's method, called with the connection as `this` below.
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const run = SqliteConnection.prototype.run;
  let failures = 0;
  const spy = jest.spyOn(SqliteConnection.prototype, 'run').mockImplementation(function (
    this: SqliteConnection,
    statement,
  ) {
    if (statement.sql !== sql || failures >= times) return run.call(this, statement);
    failures += 1;
    throw new SqliteDriver.SqliteError('disk I/O error', 'SQLITE_IOERR');
  });
  afterTest(() => spy.mockRestore());
  return { failures: () => failures };
}

const retries = ({ events }: TestDatabase) => events.filter(({ type }) => type === 'retry');
const fast = { baseDelayMs: 1, maxDelayMs: 5 };

describe('When another process holds the lock', () => {
  test('a write fails with BUSY after the time to wait, and works again once the lock is released', async () => {
    const database = await openTestDatabase({ busyTimeoutMs: 100, retry: false });
    const release = lock(database);
    const start = performance.now();
    const error = await expectError('BUSY', () => createCertificate(database.db, { id: 'a' }));
    const elapsed = performance.now() - start;
    expect(elapsed).toBeGreaterThan(60);
    expect(elapsed).toBeLessThan(2000);
    expect(error).toMatchObject({ operation: 'certificates.create', retryable: true });
    expect(error.cause).toMatchObject({ code: 'SQLITE_BUSY' });
    release();
    await createCertificate(database.db, { id: 'b' });
    expect(await rawValues(database, 'certificates', 'id')).toEqual(['b']);
  });

  test('a transaction fails with BUSY, its callback is not called, and the next one works', async () => {
    const database = await openTestDatabase({ busyTimeoutMs: 30, retry: false });
    const release = lock(database);
    const work = jest.fn(() => 'done');
    await expectError('BUSY', () => database.db.transaction(work));
    expect(work).not.toHaveBeenCalled();
    release();
    expect(await database.db.transaction(work)).toBe('done');
  });

  test('a status cannot be changed, which is told as BUSY also where Prisma Client is asked', async () => {
    const database = await openTestDatabase({ busyTimeoutMs: 30, retry: false });
    const id = await createCertificate(database.db);
    const release = lock(database);
    await expectError('BUSY', () => database.db.updateCertificateStatus(id, 'REVOKED'));
    release();
    expect(await database.db.getCertificate(id)).toMatchObject({ status: 'VALID' });
  });

  test('reads answer as ever', async () => {
    const database = await openTestDatabase({ busyTimeoutMs: 20_000 });
    const id = await createAgent(database.db);
    lock(database);
    const start = performance.now();
    expect(await database.db.getAgent(id)).toMatchObject({ id });
    expect(await database.db.queryAgents({})).toHaveLength(1);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test('a write that is tried again succeeds once the lock is released, and each retry is told of', async () => {
    const retry = { attempts: 50, baseDelayMs: 5, maxDelayMs: 10 };
    const database = await openTestDatabase({ busyTimeoutMs: 10, retry });
    const release = lock(database);
    const write = createCertificate(database.db, { id: 'a' });
    await sleep(80);
    release();
    expect(await write).toBe('a');
    expect(retries(database).length).toBeGreaterThan(0);
    expect(retries(database)[0]).toMatchObject({ operation: 'certificates.create', code: 'BUSY', attempt: 1 });
  });
});

describe('When the storage fails in passing', () => {
  test.each(['BEGIN IMMEDIATE', 'COMMIT'])('a write is tried again (%s)', async (sql) => {
    const database = await openTestDatabase({ retry: fast });
    const fault = failStatements(sql, 2);
    expect(await createCertificate(database.db, { id: 'a' })).toBe('a');
    expect(fault.failures()).toBe(2);
    expect(retries(database)).toMatchObject([
      { code: 'UNAVAILABLE', attempt: 1, operation: 'certificates.create' },
      { code: 'UNAVAILABLE', attempt: 2, operation: 'certificates.create' },
    ]);
    expect(await rawRows(database, 'certificates')).toHaveLength(1);
  });

  test('it is given up after as many attempts as there are', async () => {
    const database = await openTestDatabase({ retry: { ...fast, attempts: 3 } });
    const fault = failStatements('BEGIN IMMEDIATE', 100);
    const error = await expectError('UNAVAILABLE', () => createCertificate(database.db));
    expect(error.retryable).toBe(true);
    expect(fault.failures()).toBe(3);
    expect(retries(database)).toHaveLength(2);
    expect(database.events.filter(({ type }) => type === 'error')).toHaveLength(1);
  });

  test('five attempts are made where nothing else is said', async () => {
    const database = await openTestDatabase();
    const fault = failStatements('BEGIN IMMEDIATE', 100);
    await expectError('UNAVAILABLE', () => createCertificate(database.db));
    expect(fault.failures()).toBe(5);
  });

  test.each([{ retry: false } as const, { retry: { attempts: 1 } }])(
    'it is not tried again with %j',
    async (options) => {
      const database = await openTestDatabase(options);
      const fault = failStatements('BEGIN IMMEDIATE', 1);
      await expectError('UNAVAILABLE', () => createCertificate(database.db, { id: 'a' }));
      expect(fault.failures()).toBe(1);
      expect(retries(database)).toEqual([]);
      await createCertificate(database.db, { id: 'a' });
    },
  );

  test('a transaction whose commit fails says so, and leaves nothing', async () => {
    const database = await openTestDatabase({ retry: false });
    const fault = failStatements('COMMIT', 1);
    const work = jest.fn((tx: TransactionScope) => tx.createCertificate(certificateInput({ id: 'a' })));
    await expectError('UNAVAILABLE', () => database.db.transaction(work));
    expect(fault.failures()).toBe(1);
    expect(work).toHaveBeenCalledTimes(1);
    expect(await rawRows(database, 'certificates')).toEqual([]);
    expect(await database.db.transaction(work)).toBe('a');
  });
});
