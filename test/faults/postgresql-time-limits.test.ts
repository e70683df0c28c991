import { Client } from 'pg';
import type { DatabaseOptions, DatabaseService } from '../../src';
import { certificateInput, eventInput } from '../support/factories';
import { runRaw } from '../support/raw-client';
import { afterTest, newDatabaseUrl, openTestDatabase } from '../support/test-database';
import { expectError } from '../support/expect-error';
import { Work } from './postgresql-work';

async function open(options: DatabaseOptions = {}, settings = '') {
  const url = await newDatabaseUrl();
  const limited = new URL(url);
  if (settings !== '') limited.searchParams.set('options', settings);
  const { db } = await openTestDatabase({ ...options, url: limited.href });
  const work = await Work.prepare(db);
  await work.change('unit before-0');
  return { db, url, work };
}

/** Does work while another session keeps what `sql` has locked. */
async function whileLocked(url: string, sql: string, work: () => Promise<unknown>): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    await client.query(`BEGIN; ${sql}`);
    await work();
  } finally {
    await client.end();
  }
}

const processes = (url: string) =>
  runRaw(
    url,
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'ans-database'",
  );

const writes: readonly (readonly [string, (work: Work, unit: string) => Promise<unknown>])[] = [
  ['createAgent', (work, unit) => work.change(unit)],
  ['register', (work, unit) => work.register(unit)],
  ['createMany', (work, unit) => work.createMany(unit)],
  ['recordSecurityEvent', (work, unit) => work.record(unit)],
  ['transaction', (work, unit) => work.transact(unit)],
];

const allTables = 'LOCK TABLE changes, security_event_entries IN ACCESS EXCLUSIVE MODE';

describe('A lock of another session that lasts longer than statementTimeoutMs', () => {
  const pool = { maxConnections: 1, statementTimeoutMs: 150 };

  test.each(writes)('makes %s fail with TIMEOUT once, leaves nothing, and the connection goes on', async (_, write) => {
    const { url, work } = await open({ pool });
    await write(work, 'unit prepared-0');
    const before = await processes(url);
    await whileLocked(url, allTables, async () => {
      await write(work, 'unit locked-0');
      expect(work.errors).toMatchObject([{ code: 'TIMEOUT', retryable: true }]);
    });
    await write(work, 'unit next-0');
    expect(work.errors).toHaveLength(1);
    expect(await processes(url)).toEqual(before);
    await work.expectKept(url);
  });

  test.each<[string, (db: DatabaseService) => Promise<unknown>]>([
    ['getAgent', (db) => db.getAgent('a')],
    ['queryAgents', (db) => db.queryAgents({ owner: 'unit before-0' })],
    ['agents.iterate', (db) => db.agents.iterate({})[Symbol.asyncIterator]().next()],
  ])('makes %s fail with TIMEOUT, and the next one works', async (_, read) => {
    const { db, url, work } = await open({ pool });
    await whileLocked(url, 'LOCK TABLE agents IN ACCESS EXCLUSIVE MODE', async () => {
      const error = await expectError('TIMEOUT', () => read(db));
      expect(error.retryable).toBe(true);
    });
    await read(db);
    await work.expectKept(url);
  });
});

describe('A lock of another session that lasts longer than the lock_timeout of the URL', () => {
  const retry = { attempts: 2, baseDelayMs: 1, maxDelayMs: 1 };
  const options = '-c lock_timeout=100';

  test.each(writes)('on a table makes %s fail with BUSY, leaves nothing, and the next one works', async (_, write) => {
    const { url, work } = await open({ retry }, options);
    await write(work, 'unit prepared-0');
    await whileLocked(url, allTables, async () => {
      await write(work, 'unit locked-0');
      expect(work.errors).toMatchObject([{ code: 'BUSY', retryable: true }]);
    });
    await write(work, 'unit next-0');
    expect(work.errors).toHaveLength(1);
    await work.expectKept(url);
  });

  test('on a row makes updateAgent and deleteAgent fail with BUSY, alone and in a transaction', async () => {
    const { db, url, work } = await open({ retry }, options);
    const [agent] = await db.queryAgents({ owner: 'unit before-0' });
    const id = agent?.id ?? '';
    await whileLocked(url, 'SELECT 1 FROM agents FOR UPDATE', async () => {
      for (const call of [
        () => db.updateAgent({ id, version: '9.0.0' }),
        () => db.deleteAgent(id),
        () => db.transaction((tx) => tx.updateAgent({ id, version: '9.0.0' })),
      ]) {
        expect((await expectError('BUSY', call)).retryable).toBe(true);
      }
    });
    expect(await db.getAgent(id)).toEqual(agent);
    expect(await db.updateAgent({ id, name: 'Free' })).toBe(true);
    await work.expectKept(url);
  });

  test('that ends before the attempts do is waited for', async () => {
    const { url, work } = await open({ retry: { attempts: 50, baseDelayMs: 10, maxDelayMs: 10 } }, options);
    let call: Promise<unknown> = Promise.resolve();
    await whileLocked(url, allTables, async () => {
      call = work.register('unit patient-0');
      await new Promise((resolve) => setTimeout(resolve, 350));
    });
    await call;
    expect(work.errors).toEqual([]);
    await work.expectKept(url);
  });

  test('that a call inside a transaction meets and bears leaves the rest of it', async () => {
    const { db, url, work } = await open({}, options);
    await db.transaction(async (tx) => {
      await tx.createCertificate(certificateInput({ id: 'before' }));
      await whileLocked(url, 'LOCK TABLE security_event_entries IN ACCESS EXCLUSIVE MODE', () =>
        expectError('BUSY', () => tx.recordSecurityEvent(eventInput())),
      );
      await tx.createCertificate(certificateInput({ id: 'after' }));
    });
    expect([await db.getCertificate('before'), await db.getCertificate('after')]).not.toContain(null);
    expect(await db.querySecurityEvents({})).toEqual([]);
    await work.expectKept(url);
  });
});

test('A transaction that waits for another one’s row gives up with its own limit, and its callback is not repeated', async () => {
  const { db, url, work } = await open({ pool: { statementTimeoutMs: 150 } });
  const client = new Client(url);
  await client.connect();
  afterTest(() => client.end());
  const [agent] = await db.queryAgents({});
  await client.query('BEGIN; SELECT 1 FROM agents FOR UPDATE');
  let runs = 0;
  const call = () =>
    db.transaction(async (tx) => {
      runs += 1;
      await tx.createCertificate(certificateInput({ id: 'mine' }));
      await tx.updateAgent({ id: agent?.id ?? '', name: 'Mine' });
    });
  await expectError('TIMEOUT', call);
  expect(runs).toBe(1);
  expect(await db.getCertificate('mine')).toBeNull();
  await client.query('ROLLBACK');
  await call();
  expect(await db.getCertificate('mine')).not.toBeNull();
  await work.expectKept(url);
});
