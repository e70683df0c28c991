import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseOptions, DatabaseService, TransactionScope } from '../../src';
import { administer } from '../support/administration';
import { expectError } from '../support/expect-error';
import { createAgents, createCertificate } from '../support/factories';
import { connectRaw } from '../support/raw-client';
import { holdTransaction } from '../support/held-transaction';
import { newDatabaseUrl, openTestDatabase, type TestDatabase } from '../support/test-database';
import { waitUntil } from '../support/wait-until';
import { startWorkQueue } from '../support/work-queue';

const ours = "datname = current_database() AND application_name = 'ans-database'";

/** Waits until no connection of the package has this state. */
async function untilEnded(url: string, state: string): Promise<void> {
  const sql = `SELECT 1 FROM pg_stat_activity WHERE ${ours} AND ${state}`;
  await waitUntil(async () => (await administer(url, sql)).length === 0);
}

describe('a transaction that is idle for longer than the server allows', () => {
  let url: string;
  let database: TestDatabase;

  beforeEach(async () => {
    url = await newDatabaseUrl();
    database = await openTestDatabase({ url: `${url}?idle_in_transaction_session_timeout=50` });
    await createCertificate(database.db, { id: 'c' });
  });

  test.each<[string, (tx: TransactionScope) => Promise<unknown>]>([
    ['at its next call', (tx) => tx.getCertificate('c')],
    ['at its commit', () => Promise.resolve()],
    ['when its callback ignores the error of a call', (tx) => tx.getCertificate('c').catch(() => undefined)],
  ])(
    'a transaction that exceeds the idle limit of the server fails with TIMEOUT %s, and is not retried',
    async (_, proceed) => {
      const { db, events } = database;
      await expectError('TIMEOUT', () =>
        db.transaction(async (tx) => {
          await tx.updateCertificateStatus('c', 'SUSPENDED');
          await untilEnded(url, "state LIKE 'idle in transaction%'");
          await proceed(tx);
        }),
      );
      expect(await db.getCertificate('c')).toMatchObject({ status: 'VALID' });
      expect(events.filter(({ type }) => type === 'retry' || type === 'breaker')).toEqual([]);
    },
  );
});

const transactionIdleTimeoutMs = 150;

/** Opens a database with the agents `a` and `b`. */
async function open(options: DatabaseOptions = {}): Promise<{ readonly db: DatabaseService; readonly url: string }> {
  const { db, options: opened } = await openTestDatabase({ transactionIdleTimeoutMs, ...options });
  await createAgents(db, ['a', 'b']);
  return { db, url: opened.url };
}

describe('an idle transaction on PostgreSQL', () => {
  test('an idle transaction is rolled back with TIMEOUT when another call waits for the only connection', async () => {
    const { db } = await open({ pool: { maxConnections: 1, connectTimeoutMs: 0 } });
    const queue = startWorkQueue();
    const outcome = db.transaction(async (tx) => {
      await tx.updateAgent({ id: 'a', name: 'inside' });
      await queue.add(() => db.updateAgent({ id: 'b', name: 'queued' }));
    });
    await expectError('TIMEOUT', () => outcome);
    await queue.add(() => Promise.resolve());
    expect((await db.getAgent('a'))?.name).not.toBe('inside');
    expect((await db.getAgent('b'))?.name).toBe('queued');
  });

  test('an idle transaction is rolled back with TIMEOUT when a call waits for a program that waits for the transaction', async () => {
    const { db, url } = await open();
    const other = await connectRaw(url);
    const { outcome } = await holdTransaction(db, (tx) => tx.updateAgent({ id: 'a', name: 'inside' }));
    await other.query("BEGIN; UPDATE agents SET name = 'other' WHERE id = 'b'");
    const waiting = other.query("UPDATE agents SET name = 'other' WHERE id = 'a'").then(() => other.query('COMMIT'));
    const write = db.updateAgent({ id: 'b', description: 'own' });
    await expectError('TIMEOUT', () => outcome);
    await waiting;
    expect(await write).toBe(true);
  });

  test('an idle transaction is rolled back with TIMEOUT when a retried transaction waits for it', async () => {
    const { db, url } = await open();
    const raw = await connectRaw(url);
    const queue = startWorkQueue();
    let runs = 0;
    let laterRuns = 0;
    const outcome = db.transaction(async (tx) => {
      await tx.getAgent('a');
      runs += 1;
      // The first run conflicts. The second run waits for a transaction that conflicts as well.
      if (runs === 1) {
        await queue.add(() => db.updateAgent({ id: 'a', name: 'first' }));
        await tx.updateAgent({ id: 'a', name: 'inside' });
        return;
      }
      await queue.add(() =>
        db.transaction(async (later) => {
          await later.getAgent('b');
          laterRuns += 1;
          if (laterRuns === 1) await raw.query("UPDATE agents SET name = 'meanwhile' WHERE id = 'b'");
          await later.updateAgent({ id: 'b', name: 'later' });
        }),
      );
    });
    await expectError('TIMEOUT', () => outcome);
    await queue.add(() => Promise.resolve());
    expect([runs, laterRuns]).toEqual([2, 2]);
    expect((await db.getAgent('b'))?.name).toBe('later');
  });
});

describe('an idle transaction on PostgreSQL for which no call of this process waits', () => {
  test('an idle transaction is not rolled back when only another program waits for it', async () => {
    const { db, url } = await open();
    const other = await connectRaw(url);
    const { outcome, release } = await holdTransaction(db, (tx) => tx.updateAgent({ id: 'a', name: 'inside' }));
    const waiting = other.query("UPDATE agents SET description = 'other' WHERE id = 'a'");
    await sleep(3 * transactionIdleTimeoutMs);
    release();
    expect(await outcome).toBe('done');
    await waiting;
  });

  test("the server, not this process, ends an idle transaction while a call waits for another connection's lock", async () => {
    const url = await newDatabaseUrl();
    const limited = `${url}?idle_in_transaction_session_timeout=400`;
    const { db } = await open({ url: limited, transactionIdleTimeoutMs: 40 });
    const raw = await connectRaw(url);
    await raw.query("BEGIN; UPDATE agents SET description = 'raw' WHERE id = 'b'");
    const change = (tx: TransactionScope) => tx.updateAgent({ id: 'a', name: 'inside' });
    const { outcome, release } = await holdTransaction(db, change, async (tx) => {
      const start = performance.now();
      await untilEnded(url, "state = 'idle in transaction'");
      expect(performance.now() - start).toBeLessThan(2000);
      return tx.getAgent('a');
    });
    release();
    // This call waits for the raw connection, so that the package examines waiting calls again and again.
    const write = db.updateAgent({ id: 'b', name: 'waiting' });
    // The error of the server's limit is retryable, that of the package's limit is not.
    const error: unknown = await outcome.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'DatabaseError', retryable: true });
    await raw.query('COMMIT');
    expect(await write).toBe(true);
  });
});
