import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseOptions, DatabaseService } from '../../src';
import { administer } from '../support/administration';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, createAgent, createCertificate, eventInput } from '../support/factories';
import { connectRaw, runRaw, whileLocked } from '../support/raw-client';
import { rawValues } from '../support/raw-reader';
import { createSignal } from '../support/signal';
import { TcpProxy } from '../support/tcp-proxy';
import { newDatabaseUrl, openTestDatabase, type TestDatabase } from '../support/test-database';
import { waitUntil } from '../support/wait-until';
import { startWorkQueue } from '../support/work-queue';

/** Opens two services on one database, as two processes do. */
async function openTwo(): Promise<TestDatabase & { readonly other: DatabaseService }> {
  const database = await openTestDatabase();
  const { db: other } = await openTestDatabase(database.options);
  await createCertificate(database.db, { id: 'c' });
  return { ...database, other };
}

function agent(id: string, capabilities: readonly string[] = [], fields: object = {}) {
  return agentInput({ id, certificateId: 'c', capabilities: [...capabilities], ...fields });
}

describe('two concurrent transactions', () => {
  test('end with one agent when they create the same one, and the other transaction changes nothing', async () => {
    const database = await openTwo();
    const create = (db: DatabaseService, owner: string) =>
      db.transaction(async (tx) => {
        await tx.createCertificate(certificateInput({ id: owner }));
        return tx.createAgent(agent('a', ['x'], { owner }));
      });
    const outcomes = await Promise.allSettled([create(database.db, 'one'), create(database.other, 'two')]);
    const failed = outcomes.filter(({ status }) => status === 'rejected');
    expect(failed).toMatchObject([{ reason: { code: 'ALREADY_EXISTS' } }]);
    const winner = outcomes[0].status === 'fulfilled' ? 'one' : 'two';
    expect(await rawValues(database, 'certificates', 'id')).toEqual(['c', winner]);
    expect(await rawValues(database, 'agents', 'owner')).toEqual([winner]);
  });

  test('keep a capability for an agent that is created while its last other agent is deleted', async () => {
    const database = await openTwo();
    const { db, other } = database;
    await db.createAgent(agent('old', ['x', 'y']));
    let attempts = 0;
    await db.transaction(async (tx) => {
      attempts += 1;
      await tx.getAgent('old');
      if (attempts === 1) await other.createAgent(agent('new', ['x', 'y']));
      await tx.deleteAgent('old');
    });
    expect(await db.getAgent('new')).toMatchObject({ capabilities: ['x', 'y'] });
    await other.deleteAgent('new');
    expect(await rawValues(database, 'capabilities', 'name')).toEqual([]);
  });
});

describe('a transaction', () => {
  test('keeps its other changes when a call conflicts with another transaction and is caught', async () => {
    const { db, other } = await openTwo();
    await db.createAgent(agent('a'));
    await db.transaction(async (tx) => {
      await tx.getAgent('a');
      await other.updateAgent({ id: 'a', name: 'changed meanwhile' });
      await expectError('CONFLICT', () => tx.updateAgent({ id: 'a', name: 'mine' }));
      await tx.createAgent(agent('b'));
    });
    expect(await db.getAgent('a')).toMatchObject({ name: 'changed meanwhile' });
    expect(await db.getAgent('b')).not.toBeNull();
  });

  test('reads one snapshot while calls outside it read what other transactions commit', async () => {
    const { db, other } = await openTwo();
    await db.transaction(async (tx) => {
      expect(await tx.getAgent('late')).toBeNull();
      await other.createAgent(agent('late'));
      expect(await tx.getAgent('late')).toBeNull();
      expect(await db.getAgent('late')).not.toBeNull();
      await expectError('CONFLICT', () => db.createAgent(agent('beside')));
    });
  });

  test('keeps its other changes when a call fails on a server with messages in another language', async () => {
    const { db, options } = await openTwo();
    const proxy = await TcpProxy.start(options.url);
    // The severity as a German server sends it, "FEHLER", cut to the same length.
    proxy.replace('SERROR\0', 'SFEHLE\0');
    const { db: german } = await openTestDatabase({ url: proxy.url(options.url) });
    await german.transaction(async (tx) => {
      await tx.createAgent(agent('a'));
      await expectError('ALREADY_EXISTS', () => tx.createAgent(agent('a')));
      await tx.createAgent(agent('b'));
    });
    expect(await db.queryAgents({})).toHaveLength(2);
  });
});

const ours = "datname = current_database() AND application_name = 'ans-database'";
const lockCertificate = "SELECT 1 FROM certificates WHERE id = 'c' FOR UPDATE";

describe('a statement', () => {
  test('fails with UNAVAILABLE and is not retried when an administrator cancels it', async () => {
    const { db, events, options } = await openTestDatabase();
    await createCertificate(db, { id: 'c' });
    events.length = 0;
    await whileLocked(options.url, lockCertificate, async () => {
      const failed = expectError('UNAVAILABLE', () => db.updateCertificateStatus('c', 'SUSPENDED'));
      const cancel = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE ${ours} AND wait_event_type = 'Lock'`;
      await waitUntil(async () => (await administer(options.url, cancel)).length > 0);
      const error = await failed;
      expect(error.message).toContain('was cancelled on request');
      expect(error.message).not.toContain('timeout');
    });
    expect(events.filter(({ type }) => type === 'retry' || type === 'breaker')).toEqual([]);
  });

  test('fails with TIMEOUT when it exceeds statementTimeoutMs, and a transaction that caught it continues', async () => {
    const { db, options } = await openTestDatabase({ pool: { statementTimeoutMs: 100 } });
    await createCertificate(db, { id: 'c' });
    await whileLocked(options.url, lockCertificate, async () => {
      const error = await expectError('TIMEOUT', () => db.updateCertificateStatus('c', 'SUSPENDED'));
      expect(error.message).toContain('statement_timeout');
    });
    await db.transaction(async (tx) => {
      await tx.createCertificate(certificateInput({ id: 'before' }));
      await whileLocked(options.url, 'LOCK TABLE security_events IN ACCESS EXCLUSIVE MODE', () =>
        expectError('TIMEOUT', () => tx.recordSecurityEvent(eventInput())),
      );
      await tx.createCertificate(certificateInput({ id: 'after' }));
    });
    expect((await db.certificates.query({ orderBy: 'id' })).map(({ id }) => id)).toEqual(['after', 'before', 'c']);
  });
});

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

  test('is rolled back with TIMEOUT when another call waits for a program that waits for it', async () => {
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

describe('an idle transaction on PostgreSQL that no call of this process waits for', () => {
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

  test('is not rolled back by this process but by the time limit of the server', async () => {
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
