import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseOptions, DatabaseService, TransactionScope } from '../../src';
import { startProcess } from '../support/child-process';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, createCertificate, eventInput } from '../support/factories';
import { connectRaw, runRaw } from '../support/raw-client';
import { createSignal } from '../support/signal';
import { afterTest, openTestDatabase } from '../support/test-database';

interface Opened {
  readonly db: DatabaseService;
  readonly url: string;
}

async function open(pool: DatabaseOptions['pool'], options: DatabaseOptions = {}): Promise<Opened> {
  const { db, options: opened } = await openTestDatabase({ pool, ...options });
  return { db, url: opened.url };
}

/** The connections of the package to a database, as the server sees them. */
async function connectionsTo(url: string): Promise<number> {
  const sql = `SELECT count(*)::integer AS n FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'ans-database'`;
  const [[row] = []] = await runRaw(url, sql);
  return Number(row?.['n']);
}

/** Another connection keeps a lock that makes every call wait, until the work is over. */
async function whileLocked<T>(url: string, table: string, work: () => Promise<T>): Promise<T> {
  const client = await connectRaw(url);
  try {
    await client.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
    return await work();
  } finally {
    await client.end();
  }
}

describe('The pool', () => {
  test('makes no more connections than maxConnections, under the name of the package', async () => {
    const { db, url } = await open({ maxConnections: 3 });
    const calls = await whileLocked(url, 'agents', async () => {
      const waiting = Array.from({ length: 12 }, () => db.getAgent('a'));
      while ((await connectionsTo(url)) < 3) await sleep(20);
      await sleep(100);
      expect(await connectionsTo(url)).toBe(3);
      return waiting;
    });
    await Promise.all(calls);
  });

  test('serves 200 callers at once with two connections', async () => {
    const { db, url } = await open({ maxConnections: 2, connectTimeoutMs: 30_000 });
    await createCertificate(db, { id: 'c' });
    const most: number[] = [];
    await Promise.all([
      ...Array.from({ length: 200 }, async (_, index) => {
        const id = `a${index}`;
        if (index % 4 === 0) await db.transaction((tx) => tx.createAgent(agentInput({ id, certificateId: 'c' })));
        else await db.createAgent(agentInput({ id, certificateId: 'c', capabilities: [`x${index % 7}`] }));
        expect(await db.getAgent(id)).not.toBeNull();
        if (index % 10 === 0) await db.updateCertificateStatus('c', 'VALID');
      }),
      (async () => {
        for (let turn = 0; turn < 10; turn += 1)
          most.push((await connectionsTo(url), await sleep(20), await connectionsTo(url)));
      })(),
    ]);
    expect(Math.max(...most)).toBeLessThanOrEqual(2);
    expect(await db.queryAgents({})).toHaveLength(200);
  });

  test('closes connections that are idle for idleTimeoutMs', async () => {
    const { db, url } = await open({ idleTimeoutMs: 100 });
    await Promise.all(Array.from({ length: 5 }, () => db.getAgent('a')));
    expect(await connectionsTo(url)).toBeGreaterThan(0);
    await sleep(400);
    expect(await connectionsTo(url)).toBe(0);
    expect(await db.getAgent('a')).toBeNull();
  });

  test('that transactions have taken up lets other calls wait for connectTimeoutMs, then fail with TIMEOUT', async () => {
    const { db } = await open({ maxConnections: 2, connectTimeoutMs: 300 });
    await createCertificate(db, { id: 'c' });
    const end = createSignal();
    const inside = [createSignal(), createSignal()];
    const transactions = inside.map((signal) =>
      db.transaction(async (tx) => {
        await tx.getAgent('a');
        signal.give();
        await end.given;
      }),
    );
    await Promise.all(inside.map(({ given }) => given));
    for (const call of [
      () => db.getAgent('a'),
      () => db.createCertificate(certificateInput()),
      () => db.updateCertificateStatus('c', 'VALID'),
      () => db.transaction((tx) => tx.getAgent('a')),
    ]) {
      const start = performance.now();
      const error = await expectError('TIMEOUT', call);
      const durationMs = performance.now() - start;
      expect(error.retryable).toBe(true);
      expect(durationMs).toBeGreaterThan(250);
      expect(durationMs).toBeLessThan(900);
    }
    end.give();
    await Promise.all(transactions);
    expect(await db.getAgent('a')).toBeNull();
  });
});

describe('statementTimeoutMs', () => {
  const calls: readonly (readonly [string, string, (db: DatabaseService) => Promise<unknown>])[] = [
    ['a read', 'agents', (db) => db.getAgent('a')],
    ['a write', 'agents', (db) => db.createAgent(agentInput({ id: 'late', certificateId: 'c' }))],
    ['a read inside a transaction', 'agents', (db) => db.transaction((tx) => tx.getAgent('a'))],
    ['a statement of Prisma Client', 'certificates', (db) => db.updateCertificateStatus('c', 'SUSPENDED')],
    [
      'the same inside a transaction',
      'certificates',
      (db) => db.transaction((tx) => tx.updateCertificateStatus('c', 'SUSPENDED')),
    ],
  ];

  test.each(calls)(
    'ends %s that takes too long with TIMEOUT, once, and the connection goes on',
    async (name, table, call) => {
      const { db, url } = await open({ maxConnections: 1, statementTimeoutMs: 200 });
      await createCertificate(db, { id: 'c' });
      const [[before] = []] = await backend(url);
      await whileLocked(url, table, async () => {
        const start = performance.now();
        const error = await expectError('TIMEOUT', () => call(db));
        expect(error.retryable).toBe(true);
        expect(performance.now() - start).toBeLessThan(1000);
      });
      expect(await db.getAgent('late')).toBeNull();
      expect(await db.getCertificate('c')).toMatchObject({ status: 'VALID' });
      // A connection that Prisma Client's statement has failed on is not used again.
      if (!name.includes('Prisma')) expect(await backend(url)).toEqual([[before]]);
    },
  );

  async function backend(url: string) {
    return runRaw(
      url,
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'ans-database' AND datname = current_database()",
    );
  }

  test('that is caught inside a transaction leaves the rest of it', async () => {
    const { db, url } = await open({ statementTimeoutMs: 200 });
    await db.transaction(async (tx) => {
      await tx.createCertificate(certificateInput({ id: 'before' }));
      await whileLocked(url, 'security_events', async () => {
        await expectError('TIMEOUT', () => tx.recordSecurityEvent(eventInput()));
      });
      await tx.createCertificate(certificateInput({ id: 'after' }));
    });
    expect(await db.getCertificate('before')).not.toBeNull();
    expect(await db.getCertificate('after')).not.toBeNull();
  });
});

test('A server that ends transactions which do nothing for too long: the next call says so, and nothing stays', async () => {
  const { db, url } = await open({});
  const name = new URL(url).pathname.slice(1);
  await runRaw(url, `ALTER DATABASE "${name}" SET idle_in_transaction_session_timeout = '150ms'`);
  afterTest(async () => {
    await runRaw(url, `ALTER DATABASE "${name}" RESET idle_in_transaction_session_timeout`);
  });
  await db.close();
  await db.initialize();
  const call = (next: (tx: TransactionScope) => Promise<unknown>) =>
    db.transaction(async (tx) => {
      await tx.createCertificate(certificateInput({ id: 'idle' }));
      await sleep(400);
      await next(tx);
    });
  for (const next of [(tx: TransactionScope) => tx.getAgent('a'), () => Promise.resolve()]) {
    const error = await call(next).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'DatabaseError', retryable: true });
    expect(await db.getCertificate('idle')).toBeNull();
  }
});

describe('close', () => {
  test('waits for what is in flight: calls, transactions, and what waits for a connection', async () => {
    const { db, url } = await open({ maxConnections: 2 });
    await createCertificate(db, { id: 'c' });
    let calls: Promise<unknown>[] = [];
    await whileLocked(url, 'agents', async () => {
      calls = [
        ...Array.from({ length: 6 }, (_, index) => db.createAgent(agentInput({ id: `a${index}`, certificateId: 'c' }))),
        db.transaction(async (tx) => {
          await sleep(50);
          return tx.createAgent(agentInput({ id: 'tx', certificateId: 'c' }));
        }),
      ];
      let isClosed = false;
      const closing = db.close().then(() => (isClosed = true));
      calls.push(closing);
      await sleep(100);
      expect(isClosed).toBe(false);
      await expectError('NOT_INITIALIZED', () => db.getAgent('a'));
    });
    expect((await Promise.allSettled(calls)).map(({ status }) => status)).toEqual(calls.map(() => 'fulfilled'));
    await sleep(50);
    expect(await connectionsTo(url)).toBe(0);
    await db.initialize();
    expect(await db.queryAgents({})).toHaveLength(7);
  });
});

test('A process that never closes its database ends by itself', async () => {
  const { url } = await open({});
  const child = startProcess(join(__dirname, 'idle-process.ts'), url);
  // Its connections would be idle for far longer than the test may last.
  expect(await child.ended).toBe(0);
});
