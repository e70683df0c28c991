import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseOptions, TransactionScope } from '../../src';
import { TcpProxy } from '../support/tcp-proxy';
import { expectError } from '../support/expect-error';
import { certificateInput, createCertificate } from '../support/factories';
import { rawValues } from '../support/raw-reader';
import { createSignal } from '../support/signal';
import { describeOn, testOn } from '../support/skip';
import { afterTest, newDatabaseUrl, openTestDatabase, type TestDatabase } from '../support/test-database';

const limitMs = 150;
const aLittleMs = 1000;

/** Opens a database with a transaction that has written and that continues when `goOn` is called. */
async function openHanging(options: DatabaseOptions = {}) {
  const database = await openTestDatabase({ closeTimeoutMs: limitMs, ...options });
  const [written, mayGoOn] = [createSignal(), createSignal()];
  afterTest(mayGoOn.give);
  let scope: TransactionScope | undefined;
  const transaction = database.db.transaction(async (tx) => {
    scope = tx;
    await tx.createCertificate(certificateInput({ id: 'open' }));
    written.give();
    await mayGoOn.given;
    return 'done';
  });
  transaction.catch(() => undefined);
  await written.given;
  const tx = (): TransactionScope => {
    if (scope === undefined) throw new Error('The transaction has not begun');
    return scope;
  };
  return { ...database, tx, goOn: mayGoOn.give, transaction };
}

async function expectAborted({ db }: Pick<TestDatabase, 'db'>, withinMs = limitMs + aLittleMs): Promise<string> {
  const start = performance.now();
  const error = await expectError('TIMEOUT', () => db.close());
  expect(performance.now() - start).toBeLessThan(withinMs);
  expect(error).toMatchObject({ operation: 'close' });
  return error.message;
}

describe('close after closeTimeoutMs', () => {
  test('close rolls back an open transaction after closeTimeoutMs, so that other services can write at once', async () => {
    const database = await openHanging();
    const start = performance.now();
    expect(await expectAborted(database)).toMatch(/^Failed to close database: 1 call was /);
    expect(performance.now() - start).toBeGreaterThan(limitMs - 20);
    const { db: other } = await openTestDatabase({ url: database.options.url, busyTimeoutMs: 100, retry: false });
    await createCertificate(other, { id: 'other' });
    expect(await rawValues(database, 'certificates', 'id')).toEqual(['other']);
  });

  test('a transaction that close aborts fails with NOT_INITIALIZED in its later calls and at its commit', async () => {
    const database = await openHanging();
    await expectAborted(database);
    await expectError('NOT_INITIALIZED', () => database.tx().getCertificate('open'));
    await expectError('NOT_INITIALIZED', () => database.tx().createCertificate(certificateInput()));
    database.goOn();
    await expectError('NOT_INITIALIZED', () => database.transaction);
    expect(await rawValues(database, 'certificates', 'id')).toEqual([]);
    expect(database.events.filter(({ type }) => type === 'transaction')).toMatchObject([{ outcome: 'rollback' }]);
  });

  test('a second close and a new initialize succeed at once after close has failed', async () => {
    const database = await openHanging();
    const { db, goOn, transaction } = database;
    await expectAborted(database);
    await expect(db.close()).resolves.toBeUndefined();
    await db.initialize();
    expect(await createCertificate(db, { id: 'new' })).toBe('new');
    expect(await db.transaction((tx) => tx.getCertificate('open'))).toBeNull();
    const start = performance.now();
    await db.close();
    expect(performance.now() - start).toBeLessThan(limitMs);
    await db.initialize();
    goOn();
    await expectError('NOT_INITIALIZED', () => transaction);
    expect(await db.getCertificate('new')).toMatchObject({ id: 'new' });
  });

  test('close aborts the calls in flight at once when closeTimeoutMs is 0', async () => {
    const database = await openHanging({ closeTimeoutMs: 0 });
    await expectAborted(database, aLittleMs / 2);
  });

  test('concurrent calls of close all fail after closeTimeoutMs', async () => {
    const { db } = await openHanging();
    const closings = await Promise.allSettled([db.close(), db.close(), db.close()]);
    expect(closings.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  });

  test('close aborts calls that wait for the open transaction', async () => {
    const database = await openHanging({ pool: { maxConnections: 1, connectTimeoutMs: 0 }, busyTimeoutMs: 60_000 });
    const { db } = database;
    const waiting = [
      expectError('NOT_INITIALIZED', () => createCertificate(db, { id: 'late' })),
      expectError('NOT_INITIALIZED', () => db.transaction(() => 1)),
      expectError('NOT_INITIALIZED', () => db.updateCertificateStatus('open', 'EXPIRED')),
    ];
    await sleep(20);
    expect(await expectAborted(database)).toMatch(/: 4 calls were /);
    await Promise.all(waiting);
    expect(await rawValues(database, 'certificates', 'id')).toEqual([]);
  });

  test('the callback of an aborted transaction cannot write to the database that is opened next', async () => {
    const { db } = await openTestDatabase({ closeTimeoutMs: 0 });
    const [opened, reopened, done] = [createSignal(), createSignal(), createSignal()];
    const late: unknown[] = [];
    const outcome = db.transaction(async (tx) => {
      await tx.createCertificate(certificateInput({ id: 'inside' }));
      opened.give();
      await reopened.given;
      late.push(await expectError('NOT_INITIALIZED', () => tx.createCertificate(certificateInput({ id: 'late' }))));
      late.push(await expectError('CONFLICT', () => createCertificate(db, { id: 'late' })));
      done.give();
    });
    const rejected = expectError('NOT_INITIALIZED', () => outcome);
    await opened.given;
    await expectError('TIMEOUT', () => db.close());
    await rejected;
    await db.initialize();
    reopened.give();
    await done.given;
    expect(late).toHaveLength(2);
    expect(await db.certificates.query({})).toEqual([]);
  });

  testOn('sqlite', 'close aborts a transaction of a database in memory', async () => {
    const database = await openHanging({ url: ':memory:' });
    await expectAborted(database);
    database.goOn();
    await expectError('NOT_INITIALIZED', () => database.transaction);
  });
});

describe('close before closeTimeoutMs', () => {
  test('close resolves after the open transaction has ended', async () => {
    const { db, goOn, transaction, options } = await openHanging({ closeTimeoutMs: 10_000 });
    const closing = db.close();
    await sleep(30);
    goOn();
    await closing;
    expect(await transaction).toBe('done');
    expect(await rawValues({ options }, 'certificates', 'id')).toEqual(['open']);
  });

  test('close resolves when closeTimeoutMs is 0 and no call is in flight', async () => {
    const { db } = await openTestDatabase({ closeTimeoutMs: 0 });
    await createCertificate(db);
    await expect(db.close()).resolves.toBeUndefined();
  });
});

testOn('postgresql', 'close aborts a transaction whose retry waits for the retry of another one', async () => {
  const { db, options } = await openTestDatabase({ closeTimeoutMs: limitMs });
  const { db: other } = await openTestDatabase({ url: options.url });
  await createCertificate(db, { id: 'c' });
  const [repeated, never] = [createSignal(), createSignal()];
  afterTest(never.give);
  /** Runs a transaction that conflicts at its first attempt and does not end at its second. */
  const clash = async (name: string): Promise<unknown> => {
    let runs = 0;
    return db.transaction(async (tx) => {
      runs += 1;
      if (runs > 1) {
        repeated.give();
        await never.given;
      }
      await tx.getCertificate('c');
      await other.certificates.setMetadata('c', { name });
      return tx.certificates.setMetadata('c', { mine: true });
    });
  };
  const hanging = clash('hanging');
  hanging.catch(() => undefined);
  await repeated.given;
  const waiting = expectError('NOT_INITIALIZED', () => clash('waiting'));
  await sleep(100);
  await expectAborted({ db });
  await waiting;
});

describeOn('postgresql', 'close with a server that does not answer', () => {
  async function openBehindProxy() {
    const url = await newDatabaseUrl();
    const proxy = await TcpProxy.start(url);
    const database = await openTestDatabase({ url: proxy.url(url), closeTimeoutMs: limitMs, retry: false });
    await createCertificate(database.db, { id: 'c' });
    return { database, proxy };
  }

  test('close aborts a call whose server does not answer', async () => {
    const { database, proxy } = await openBehindProxy();
    proxy.silence();
    const call = expectError('UNAVAILABLE', () => database.db.getCertificate('c'));
    await expectAborted(database);
    await call;
  });

  test('close does not wait until the server ends the connections', async () => {
    const { database, proxy } = await openBehindProxy();
    proxy.silence();
    const start = performance.now();
    await database.db.close();
    expect(performance.now() - start).toBeLessThan(3000);
  });
});
