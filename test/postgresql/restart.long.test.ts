import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService, isDatabaseError, type DatabaseError, type DatabaseOptions } from '../../src';
import { administer } from '../support/administration';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, eventInput } from '../support/factories';
import type { PostgresqlServer, StopMode } from '../support/postgresql-server';
import { describeUnless } from '../support/skip';
import { createSignal } from '../support/signal';
import { afterTest, openTestDatabase } from '../support/test-database';
import { startOwnServer, whyNoOwnServer } from './own-server';
import { faultRounds } from '../faults/rounds';
import { TcpProxy } from './tcp-proxy';

const terminateOthers = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'ans-database'`;

describeUnless(whyNoOwnServer, 'While the server goes and comes back', () => {
  let server: PostgresqlServer;
  let url: string;
  const uncaught: unknown[] = [];
  const noteUncaught = (error: unknown): void => void uncaught.push(error);

  beforeAll(async () => {
    // What is acknowledged is on the disk.
    server = await startOwnServer({ settings: { fsync: 'on', full_page_writes: 'on' } });
    await administer(server.url(), 'CREATE DATABASE work');
    url = server.url('work');
    await using db = new DatabaseService({ url, migrations: 'apply' });
    await db.initialize();
    await db.createCertificate(certificateInput({ id: 'c' }));
    process.on('uncaughtException', noteUncaught);
    process.on('unhandledRejection', noteUncaught);
  });
  afterAll(async () => {
    process.off('uncaughtException', noteUncaught);
    process.off('unhandledRejection', noteUncaught);
    await server.remove();
  });
  afterEach(() => expect(uncaught.splice(0)).toEqual([]));

  async function open(options: DatabaseOptions = {}): Promise<DatabaseService> {
    const { db } = await openTestDatabase({ url, pool: { connectTimeoutMs: 2000 }, ...options });
    return db;
  }

  async function count(sql: string): Promise<number> {
    const [row] = await administer(url, `SELECT count(*)::integer AS n FROM ${sql}`);
    return Number(row?.['n']);
  }

  /** Writers and readers that go on until they are told to stop. Gives the ids by what became of their calls. */
  function keepBusy(db: DatabaseService, prefix: string) {
    const outcome = {
      acknowledged: [] as string[],
      unknown: [] as string[],
      refused: [] as string[],
      reads: 0,
      errors: [] as DatabaseError[],
    };
    let isOver = false;
    const note = (error: unknown, id?: string): void => {
      if (!isDatabaseError(error)) throw error;
      outcome.errors.push(error);
      if (id === undefined) return;
      const isUnknown = error.message.includes('commit') || error.code === 'ALREADY_EXISTS';
      (isUnknown ? outcome.unknown : outcome.refused).push(id);
    };
    const loop = async (name: string, write: (id: string) => Promise<unknown>): Promise<void> => {
      for (let round = 0; !isOver; round += 1) {
        const id = `${prefix}-${name}-${round}`;
        try {
          await write(id);
          outcome.acknowledged.push(id);
        } catch (error) {
          note(error, id);
          await sleep(5);
        }
      }
    };
    const read = async (): Promise<void> => {
      while (!isOver) {
        try {
          await db.queryAgents({ owner: 'test-owner', limit: 3 });
          outcome.reads += 1;
          await sleep(1);
        } catch (error) {
          note(error);
          await sleep(5);
        }
      }
    };
    const create = (id: string) => agentInput({ id, certificateId: 'c', capabilities: [id], endpoints: [] });
    const loops = [
      loop('single', (id) => db.createAgent(create(id))),
      loop('single2', (id) => db.createAgent(create(id))),
      loop('transaction', (id) =>
        db.transaction(async (tx) => {
          await tx.createAgent(create(id));
          await tx.recordSecurityEvent(eventInput({ source: id }));
        }),
      ),
      loop('prisma', async (id) => {
        await db.createAgent(create(id));
        await db.updateCertificateStatus('c', 'SUSPENDED');
      }),
      read(),
    ];
    const stop = async () => {
      isOver = true;
      await Promise.all(loops);
      return outcome;
    };
    return { outcome, stop };
  }

  function expectRetryable(errors: readonly DatabaseError[]): void {
    const kinds = new Set(errors.map(({ code, retryable }) => `${code} ${retryable}`));
    // Somebody else's name may be found taken only by one's own attempt before.
    expect([...kinds].filter((kind) => kind !== 'UNAVAILABLE true')).toEqual([]);
  }

  async function expectKept({ acknowledged, refused }: { acknowledged: string[]; refused: string[] }): Promise<void> {
    const rows = await administer(url, 'SELECT id FROM agents');
    const kept = new Set(rows.map(({ id }) => id));
    expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
    expect(refused.filter((id) => !id.includes('prisma') && kept.has(id))).toEqual([]);
    expect(await count(`security_events e WHERE NOT EXISTS (SELECT 1 FROM agents a WHERE a.id = e.source)`)).toBe(0);
    expect(await count(`capabilities c WHERE NOT EXISTS (SELECT 1 FROM agents a WHERE a.id = c.name)`)).toBe(0);
  }

  test.each<[string, () => Promise<void>]>([
    ['stopped fast', () => stopFor('fast')],
    ['stopped at once', () => stopFor('immediate')],
    ['killed', () => killServer()],
  ])(
    'a server that is %s: calls fail as retryable, the pool recovers, nothing acknowledged is lost',
    async (how, end) => {
      const db = await open();
      const { outcome, stop } = keepBusy(db, how);
      for (let turn = 0; turn < Math.min(5, Math.ceil(faultRounds / 10)); turn += 1) {
        await sleep(300);
        await end();
        const before = outcome.acknowledged.length;
        const reads = outcome.reads;
        await waitUntil(() => outcome.acknowledged.length > before + 20 && outcome.reads > reads + 5);
      }
      const all = await stop();
      expect(all.errors.length).toBeGreaterThan(0);
      expectRetryable(all.errors);
      await expectKept(all);
    },
  );

  async function stopFor(mode: StopMode): Promise<void> {
    await server.stop(mode);
    await sleep(300);
    await server.start();
  }

  // All processes of a server end with one that dies a sudden death; the first starts them anew.
  async function killServer(): Promise<void> {
    const [backend] = await administer(server.url(), 'SELECT pg_backend_pid() AS pid');
    expect(backend).toBeDefined();
    const victims = await administer(url, "SELECT pid FROM pg_stat_activity WHERE application_name = 'ans-database'");
    for (const { pid } of victims.slice(0, 1)) process.kill(Number(pid), 'SIGKILL');
    await sleep(300);
  }

  test('single backends are terminated again and again: the same', async () => {
    const db = await open();
    const { outcome, stop } = keepBusy(db, 'terminated');
    for (let round = 0; round < faultRounds; round += 1) {
      await administer(url, terminateOthers);
      await sleep(40);
    }
    await waitUntil(() => outcome.acknowledged.length > 20);
    const all = await stop();
    expectRetryable(all.errors);
    await expectKept(all);
  });

  test('a connection that is terminated while it is idle is replaced, and nobody notices', async () => {
    const db = await open({ retry: false });
    await Promise.all(Array.from({ length: 5 }, () => db.getAgent('a')));
    await administer(url, terminateOthers);
    await sleep(100);
    expect(await db.getAgent('a')).toBeNull();
    await db.transaction((tx) => tx.getAgent('a'));
  });

  test('a transaction that is open fails as retryable with whatever it does next, and leaves nothing', async () => {
    const db = await open();
    const calls: readonly ((id: string) => Promise<unknown>)[] = [
      (id) => db.transaction((tx) => begin(tx, id).then(() => tx.getAgent(id))),
      (id) => db.transaction((tx) => begin(tx, id).then(() => tx.recordSecurityEvent(eventInput({ source: id })))),
      (id) => db.transaction((tx) => begin(tx, id).then(() => tx.updateCertificateStatus('c', 'SUSPENDED'))),
      (id) => db.transaction((tx) => begin(tx, id)),
    ];
    async function begin(tx: Parameters<Parameters<DatabaseService['transaction']>[0]>[0], id: string): Promise<void> {
      await tx.createCertificate(certificateInput({ id }));
      await administer(url, terminateOthers);
      await sleep(30);
    }
    for (const [index, call] of calls.entries()) {
      const error = await expectError('UNAVAILABLE', () => call(`open-${index}`));
      expect(error.retryable).toBe(true);
      expect(await db.getCertificate(`open-${index}`)).toBeNull();
    }
  });

  test('what the callback throws for another reason is rethrown unchanged', async () => {
    const db = await open();
    const mine = new Error('mine');
    const attempt = db.transaction(async (tx) => {
      await tx.getAgent('a');
      await administer(url, terminateOthers);
      await sleep(30);
      throw mine;
    });
    await expect(attempt).rejects.toBe(mine);
    expect(await db.getAgent('a')).toBeNull();
  });

  test('close ends while the server is gone, and afterwards every call says so', async () => {
    const db = await open();
    const { stop } = keepBusy(db, 'closing');
    await sleep(50);
    await server.stop('immediate');
    await sleep(20);
    const start = performance.now();
    await db.close();
    expect(performance.now() - start).toBeLessThan(5000);
    await expectError('NOT_INITIALIZED', () => db.getAgent('a'));
    await stop();
    await server.start();
    await db.initialize();
    expect(await db.getAgent('a')).toBeNull();
  });

  test('a server that is gone for good: a call gives up soon, as UNAVAILABLE', async () => {
    const db = await open();
    await server.stop('immediate');
    afterTest(() => server.start());
    for (const call of [
      () => db.getAgent('a'),
      () => db.createCertificate(certificateInput()),
      () => db.updateCertificateStatus('c', 'SUSPENDED'),
      () => db.transaction((tx) => tx.getAgent('a')),
    ]) {
      const start = performance.now();
      const error = await expectError('UNAVAILABLE', call);
      expect(error.retryable).toBe(true);
      expect(performance.now() - start).toBeLessThan(2000);
    }
    await server.start();
    expect(await db.getAgent('a')).toBeNull();
  });

  describe('A connection that is lost', () => {
    let proxy: TcpProxy;
    beforeEach(async () => {
      proxy = await TcpProxy.start(server.port);
      afterTest(() => proxy.close());
    });

    const makers: readonly (readonly [string, (db: DatabaseService, id: string) => Promise<unknown>])[] = [
      ['createCertificate', (db, id) => db.createCertificate(certificateInput({ id }))],
      ['transaction', (db, id) => db.transaction((tx) => tx.createCertificate(certificateInput({ id })))],
    ];

    test.each(makers)('during the commit of %s is reported as unknown, and not tried again', async (name, make) => {
      for (const moment of ['before', 'after'] as const) {
        const db = await open({ url: proxy.url(url) });
        const id = `${name}-${moment}`;
        proxy.cutAt('COMMIT\0', moment);
        const error = await expectError('UNAVAILABLE', () => make(db, id));
        expect(error.message).toContain('may have been kept or not');
        expect(proxy.cuts).toBe(1);
        await waitUntil(async () => (await count(`certificates WHERE id = '${id}'`)) === (moment === 'after' ? 1 : 0));
        expect(await db.getCertificate(id)).toEqual(moment === 'after' ? expect.anything() : null);
      }
    });

    test.each(makers)('before the commit of %s leaves nothing behind that is in the way', async (name, make) => {
      const db = await open({ url: proxy.url(url) });
      proxy.cutAt('INSERT INTO certificates', 'after', 1);
      const id = `${name}-insert`;
      const error = await expectError('UNAVAILABLE', () => make(db, id));
      expect(error.retryable).toBe(true);
      // The last statements of a single call travel together with its commit.
      if (name !== 'transaction') expect(error.message).toContain('may have been kept or not');
      const again = await make(db, id).catch((thrown: unknown) => (thrown as DatabaseError).code);
      if (again !== id) expect([name, again]).toEqual(['createCertificate', 'ALREADY_EXISTS']);
      expect(await count(`certificates WHERE id = '${id}'`)).toBe(1);
    });

    test('while a transaction begins costs the caller nothing', async () => {
      const db = await open({ url: proxy.url(url) });
      proxy.cutAt('BEGIN', 'before');
      await db.createCertificate(certificateInput({ id: 'begin' }));
      expect(await count("certificates WHERE id = 'begin'")).toBe(1);
    });

    test('while Prisma Client reads or writes is tried again', async () => {
      const db = await open({ url: proxy.url(url) });
      await db.createCertificate(certificateInput({ id: 'prisma' }));
      for (const moment of ['before', 'after'] as const) {
        proxy.cutAt('UPDATE', moment);
        expect(await db.updateCertificateStatus('prisma', 'SUSPENDED')).toBe(true);
        expect(proxy.cuts).toBe(1);
      }
      expect(await db.getCertificate('prisma')).toMatchObject({ status: 'SUSPENDED' });
    });

    test('without a sign, as in a network that lets nothing pass, does not hang a call with a statement timeout', async () => {
      const pool = { statementTimeoutMs: 200, connectTimeoutMs: 500 };
      const db = await open({ url: proxy.url(url), pool });
      await db.getAgent('a');
      proxy.silence();
      const calls = [
        () => db.getAgent('a'),
        () => db.createCertificate(certificateInput()),
        () => db.transaction((tx) => tx.getAgent('a')),
        () => db.updateCertificateStatus('c', 'VALID'),
      ];
      const start = performance.now();
      const errors = await Promise.all(calls.map((call) => call().catch((error: unknown) => error)));
      expect(performance.now() - start).toBeLessThan(5000);
      for (const error of errors) {
        expect(['TIMEOUT', 'UNAVAILABLE']).toContain((error as DatabaseError).code);
        expect(error).toMatchObject({ retryable: true });
      }
      proxy.restore();
      expect(await db.getAgent('a')).toBeNull();
    });

    test('and cannot be made again costs a call the connect timeout once, not once an attempt', async () => {
      const db = await open({ url: proxy.url(url), pool: { connectTimeoutMs: 300 } });
      proxy.silence();
      proxy.cutAll();
      for (const call of [() => db.getAgent('a'), () => db.updateCertificateStatus('c', 'VALID')]) {
        const start = performance.now();
        const error = await expectError('UNAVAILABLE', call);
        expect(error.retryable).toBe(true);
        expect(performance.now() - start).toBeLessThan(600);
      }
    });

    test('while nothing passes does not keep close from ending', async () => {
      const db = await open({ url: proxy.url(url) });
      const inside = createSignal();
      const end = createSignal();
      const transaction = db.transaction(async (tx) => {
        await tx.getAgent('a');
        inside.give();
        await end.given;
      });
      transaction.catch(() => undefined);
      await inside.given;
      await db.getAgent('a');
      end.give();
      await transaction;
      proxy.silence();
      const start = performance.now();
      await db.close();
      expect(performance.now() - start).toBeLessThan(2000);
    });
  });
});

async function waitUntil(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error('It did not come about');
    await sleep(10);
  }
}
