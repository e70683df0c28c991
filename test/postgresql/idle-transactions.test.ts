import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseOptions, DatabaseService } from '../../src';
import { administer } from '../support/administration';
import { expectError } from '../support/expect-error';
import { createAgent, createCertificate } from '../support/factories';
import { connectRaw, runRaw } from '../support/raw-client';
import { createSignal } from '../support/signal';
import { newDatabaseUrl, openTestDatabase, type TestDatabase } from '../support/test-database';
import { waitUntil } from '../support/wait-until';
import { startWorkQueue } from '../support/work-queue';

const ours = "datname = current_database() AND application_name = 'ans-database'";

describe('a transaction that is idle for longer than the server allows', () => {
  let url: string;
  let database: TestDatabase;

  beforeEach(async () => {
    url = await newDatabaseUrl();
    database = await openTestDatabase({ url: `${url}?idle_in_transaction_session_timeout=50` });
    await createCertificate(database.db, { id: 'c' });
  });

  async function untilEnded(): Promise<void> {
    const sql = `SELECT 1 FROM pg_stat_activity WHERE ${ours} AND state LIKE 'idle in transaction%'`;
    await waitUntil(async () => (await administer(url, sql)).length === 0);
  }

  test('fails with TIMEOUT at its next call and changes nothing', async () => {
    const { db } = database;
    await expectError('TIMEOUT', () =>
      db.transaction(async (tx) => {
        await tx.updateCertificateStatus('c', 'SUSPENDED');
        await untilEnded();
        await tx.getCertificate('c');
      }),
    );
    expect(await db.getCertificate('c')).toMatchObject({ status: 'VALID' });
  });

  test('fails with TIMEOUT at its commit and changes nothing', async () => {
    const { db, events } = database;
    const error = await expectError('TIMEOUT', () =>
      db.transaction(async (tx) => {
        await tx.updateCertificateStatus('c', 'SUSPENDED');
        await untilEnded();
      }),
    );
    expect(error.operation).toBe('transaction');
    expect(await db.getCertificate('c')).toMatchObject({ status: 'VALID' });
    expect(events.filter(({ type }) => type === 'retry' || type === 'breaker')).toEqual([]);
  });

  test('fails with TIMEOUT when its callback ignores the error of a call', async () => {
    await expectError('TIMEOUT', () =>
      database.db.transaction(async (tx) => {
        await tx.getCertificate('c');
        await untilEnded();
        await tx.getCertificate('c').catch(() => undefined);
      }),
    );
  });
});

const transactionIdleTimeoutMs = 150;

/** Opens a database with the agents `a` and `b`. */
async function open(options: DatabaseOptions = {}): Promise<{ readonly db: DatabaseService; readonly url: string }> {
  const { db, options: opened } = await openTestDatabase({ transactionIdleTimeoutMs, ...options });
  const certificateId = await createCertificate(db);
  for (const id of ['a', 'b']) await createAgent(db, { id, certificateId });
  return { db, url: opened.url };
}

describe('an idle transaction on PostgreSQL', () => {
  test('is rolled back with TIMEOUT when another call waits for the only connection', async () => {
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

  test('is rolled back with TIMEOUT when a call waits for a lock of a program that waits for the transaction', async () => {
    const { db, url } = await open();
    const other = await connectRaw(url);
    const opened = createSignal();
    const outcome = db.transaction(async (tx) => {
      await tx.updateAgent({ id: 'a', name: 'inside' });
      opened.give();
      await new Promise(() => undefined);
    });
    await opened.given;
    await other.query("BEGIN; UPDATE agents SET name = 'other' WHERE id = 'b'");
    const waiting = other.query("UPDATE agents SET name = 'other' WHERE id = 'a'").then(() => other.query('COMMIT'));
    const write = db.updateAgent({ id: 'b', description: 'own' });
    await expectError('TIMEOUT', () => outcome);
    await waiting;
    expect(await write).toBe(true);
  });

  test('is rolled back with TIMEOUT when a retried transaction waits for it', async () => {
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
  test('is not rolled back when another program waits for it', async () => {
    const { db, url } = await open();
    const other = await connectRaw(url);
    const [opened, release] = [createSignal(), createSignal()];
    const outcome = db.transaction(async (tx) => {
      await tx.updateAgent({ id: 'a', name: 'inside' });
      opened.give();
      await release.given;
      return 'done';
    });
    await opened.given;
    const waiting = other.query("UPDATE agents SET description = 'other' WHERE id = 'a'");
    await sleep(3 * transactionIdleTimeoutMs);
    release.give();
    expect(await outcome).toBe('done');
    await waiting;
  });

  test('is ended by the idle limit of the server, not by this process, while a call waits for a lock of another connection', async () => {
    const url = await newDatabaseUrl();
    const limited = `${url}?idle_in_transaction_session_timeout=400`;
    const { db } = await open({ url: limited, transactionIdleTimeoutMs: 40 });
    const raw = await connectRaw(url);
    const opened = createSignal();
    await raw.query("BEGIN; UPDATE agents SET description = 'raw' WHERE id = 'b'");
    const outcome = db.transaction(async (tx) => {
      await tx.updateAgent({ id: 'a', name: 'inside' });
      opened.give();
      const start = performance.now();
      await waitUntil(
        async () =>
          (await runRaw(url, `SELECT 1 FROM pg_stat_activity WHERE ${ours} AND state = 'idle in transaction'`)).flat()
            .length === 0,
      );
      expect(performance.now() - start).toBeLessThan(2000);
      return tx.getAgent('a');
    });
    await opened.given;
    // This call waits for the raw connection, so that the package examines waiting calls again and again.
    const write = db.updateAgent({ id: 'b', name: 'waiting' });
    // The error of the server's limit is retryable, that of the package's limit is not.
    const error: unknown = await outcome.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'DatabaseError', retryable: true });
    await raw.query('COMMIT');
    expect(await write).toBe(true);
  });
});
