import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService } from '../../src';
import { TcpProxy } from '../support/tcp-proxy';
import { engine, onPostgresql } from '../support/engine';
import { callUntyped, expectError } from '../support/expect-error';
import { certificateInput, createCertificate } from '../support/factories';
import { openFailingDatabase } from '../support/outage';
import { queryRaw } from '../support/raw-reader';
import { changeRaw } from '../support/raw-writer';
import { holdTransaction } from '../support/held-transaction';
import { describeOn } from '../support/skip';
import { newDatabaseUrl, openTestDatabase, shareTestDatabase, unmigratedDatabaseUrl } from '../support/test-database';

describe('health', () => {
  test('health returns the state of an open database', async () => {
    const { db } = await openTestDatabase();
    await createCertificate(db);
    const health = await db.health();
    expect(health).toEqual({
      status: 'up',
      engine,
      latencyMs: expect.any(Number) as unknown,
      breaker: 'closed',
      ...(onPostgresql ? { pool: { total: 1, idle: 1, waiting: 0, max: 10 } } : undefined),
      replicas: [],
      warnings: [],
      pendingMigrations: [],
    });
    expect(health.latencyMs).toBeGreaterThan(0);
    expect(health.latencyMs).toBeLessThan(1000);
  });

  test('health returns breaker: off when the circuit breaker is disabled', async () => {
    const { db } = await openTestDatabase({ breaker: false });
    expect(await db.health()).toMatchObject({ status: 'up', breaker: 'off' });
  });

  test('health returns degraded and the names of pending migrations', async () => {
    const url = await unmigratedDatabaseUrl();
    const { db } = await openTestDatabase({ url, migrations: 'skip' });
    const { status, pendingMigrations } = await db.health();
    expect(status).toBe('degraded');
    expect(pendingMigrations?.[0]).toMatch(/^\d{14}_/);
    expect(await db.migrateDatabase()).toEqual(pendingMigrations);
    expect(await db.health()).toMatchObject({ status: 'up', pendingMigrations: [] });
  });

  test('health returns degraded and the name of a failed migration', async () => {
    const database = await openTestDatabase();
    const first = 'SELECT min(migration_name) AS name FROM _prisma_migrations';
    const [[row] = []] = await queryRaw(database, first);
    await changeRaw(database, `UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '${String(row?.['name'])}'`); // prettier-ignore
    expect(await database.db.health()).toMatchObject({ status: 'degraded', pendingMigrations: [row?.['name']] });
  });

  test('health returns down with the error code, also while the circuit breaker is open', async () => {
    const { db, breakDown, recover } = await openFailingDatabase({
      retry: false,
      breaker: { failures: 1, resetMs: 60_000 },
    });
    await breakDown();
    await expectError('UNAVAILABLE', () => db.getAgent('a'));
    const down = await db.health();
    expect(down).toMatchObject({ status: 'down', code: 'UNAVAILABLE', engine, breaker: 'open' });
    expect(down).not.toHaveProperty('latencyMs');
    expect(down).not.toHaveProperty('pendingMigrations');
    await recover();
    // health() calls the database past the circuit breaker and does not close it.
    expect(await db.health()).toMatchObject({ status: 'degraded', breaker: 'open', pendingMigrations: [] });
  });

  const held = onPostgresql ? 'up without writerHeldMs' : 'up with writerHeldMs, the age of the transaction,';
  test(`health returns ${held} inside a transaction`, async () => {
    const { db } = await openTestDatabase();
    const before = await db.health();
    const inside = await db.transaction(async (tx) => {
      await tx.createCertificate(certificateInput());
      await sleep(30);
      return db.health();
    });
    expect(inside).toMatchObject({ status: 'up' });
    if (onPostgresql) expect(inside.writerHeldMs).toBeUndefined();
    else expect(inside.writerHeldMs).toBeGreaterThanOrEqual(29);
    expect([before.writerHeldMs, (await db.health()).writerHeldMs]).toEqual([undefined, undefined]);
  });

  test('health fails with NOT_INITIALIZED when the database is not open', async () => {
    const { db } = await openTestDatabase();
    await db.close();
    await expectError('NOT_INITIALIZED', () => db.health());
    await expectError('NOT_INITIALIZED', () => new DatabaseService({ url: ':memory:' }).health());
  });

  const shared = shareTestDatabase();
  test.each([{ timeoutMs: 0 }, { timeoutMs: 1.5 }, { timeoutMs: '1' }, { timeout: 1 }, 5, null])(
    'health refuses the options %j with INVALID_INPUT',
    async (options) => {
      await expectError('INVALID_INPUT', () => callUntyped(shared().db, 'health', options));
    },
  );
});

describeOn('postgresql', 'health on PostgreSQL', () => {
  test('health returns the state of an exhausted pool without waiting for a connection', async () => {
    const { db } = await openTestDatabase({ pool: { maxConnections: 1 } });
    const { outcome, release } = await holdTransaction(db, () => Promise.resolve());
    const waiting = db.getAgent('a');
    const health = await db.health();
    expect(health).toMatchObject({ status: 'up', pool: { total: 1, idle: 0, waiting: 1, max: 1 } });
    release();
    await Promise.all([outcome, waiting]);
  });

  test('health returns down after timeoutMs when the server does not answer, and up when it answers again', async () => {
    const url = await newDatabaseUrl();
    const proxy = await TcpProxy.start(url);
    const { db } = await openTestDatabase({ url: proxy.url(url), closeTimeoutMs: 100 });
    expect(await db.health()).toMatchObject({ status: 'up' });
    proxy.silence();
    const start = performance.now();
    expect(await db.health({ timeoutMs: 200 })).toMatchObject({ status: 'down', code: 'TIMEOUT' });
    expect(performance.now() - start).toBeLessThan(200 + 300);
    proxy.restore();
    expect(await db.health()).toMatchObject({ status: 'up' });
  });
});
