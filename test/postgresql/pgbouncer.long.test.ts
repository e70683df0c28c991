import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService, driverErrorOf, isDatabaseError, type DatabaseOptions } from '../../src';
import { administer } from '../support/administration';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, eventInput } from '../support/factories';
import { Pgbouncer, whyNoPgbouncer } from '../support/pgbouncer';
import type { PostgresqlServer } from '../support/postgresql-server';
import { describeUnless } from '../support/skip';
import { afterTest } from '../support/test-database';
import { startWorkQueue } from '../support/work-queue';
import { startOwnServer, whyNoOwnServer } from '../support/own-server';
import { TcpProxy } from '../support/tcp-proxy';

/** Connections that PgBouncer makes to the server. */
const serverConnections = 2;

describeUnless(whyNoOwnServer ?? whyNoPgbouncer(), 'Through PgBouncer in transaction pooling mode', () => {
  let server: PostgresqlServer;
  let pooler: Pgbouncer;
  let url: string;

  beforeAll(async () => {
    server = await startOwnServer();
    pooler = await startPooler();
    await administer(server.url(), 'CREATE DATABASE work');
    url = pooler.url('work');
    await using db = new DatabaseService({ url, migrations: 'apply' });
    await db.initialize();
    await db.createCertificate(certificateInput({ id: 'c' }));
  });
  afterAll(async () => {
    await pooler.remove();
    await server.remove();
  });

  function startPooler(settings: Record<string, string | number> = {}): Promise<Pgbouncer> {
    return Pgbouncer.start(server, { default_pool_size: serverConnections, max_client_conn: 200, ...settings });
  }

  async function open(options: DatabaseOptions = {}): Promise<DatabaseService> {
    const db = new DatabaseService({ url, ...options });
    afterTest(() => db.close());
    await db.initialize();
    return db;
  }

  function agent(id: string, capabilities: readonly string[] = []) {
    return agentInput({ id, certificateId: 'c', capabilities: [...capabilities] });
  }

  test('migrations are applied, by several processes at once, and found applied', async () => {
    await administer(server.url(), 'CREATE DATABASE fresh');
    const services = [1, 2, 3].map(() => new DatabaseService({ url: pooler.url('fresh'), migrations: 'apply' }));
    for (const db of services) afterTest(() => db.close());
    await Promise.all(services.map((db) => db.initialize()));
    const db = await open({ url: pooler.url('fresh'), migrations: 'verify' });
    expect(await db.migrateDatabase()).toEqual([]);
  });

  test('every kind of call does what it does without', async () => {
    const db = await open();
    const certificateId = await db.createCertificate(certificateInput({ metadata: { k: [1, null] } }));
    await db.createAgent(agentInput({ id: 'a', certificateId, capabilities: ['x'], metadata: { m: 1 } }));
    expect(await db.getAgent('a')).toMatchObject({ capabilities: ['x'], metadata: { m: 1 } });
    expect(await db.updateAgent({ id: 'a', name: 'Renamed', capabilities: ['y'] })).toBe(true);
    expect(await db.queryAgents({ name: 'renam', capabilities: ['y'] })).toHaveLength(1);
    expect(await db.updateCertificateStatus(certificateId, 'REVOKED')).toBe(true);
    await expectError('INVALID_TRANSITION', () => db.updateCertificateStatus(certificateId, 'VALID'));
    await expectError('ALREADY_EXISTS', () => db.createAgent(agentInput({ id: 'a', certificateId })));
    await db.recordSecurityEvent(eventInput({ source: 'pooler' }));
    expect(await db.querySecurityEvents({ source: 'pooler' })).toHaveLength(1);
    expect(await db.deleteAgent('a')).toBe(true);
  });

  test('a transaction keeps its connection, for Prisma Client’s statements, too', async () => {
    const db = await open();
    await db.transaction(async (tx) => {
      const id = await tx.createCertificate(certificateInput({ id: 'inside' }));
      expect(await tx.updateCertificateStatus(id, 'SUSPENDED')).toBe(true);
      await expectError('ALREADY_EXISTS', () => tx.createCertificate(certificateInput({ id })));
      expect(await tx.updateCertificateStatus(id, 'REVOKED')).toBe(true);
      expect(await db.getCertificate(id)).toBeNull();
    });
    expect(await db.getCertificate('inside')).toMatchObject({ status: 'REVOKED' });
    const failing = db.transaction(async (tx) => {
      await tx.createAgent(agent('never'));
      throw new Error('mine');
    });
    await expect(failing).rejects.toThrow('mine');
    expect(await db.getAgent('never')).toBeNull();
  });

  test('a transaction that waits for a write outside it is rolled back with TIMEOUT', async () => {
    const wider = await startPooler({ default_pool_size: 4 });
    afterTest(() => wider.remove());
    const db = await open({ url: wider.url('work'), transactionIdleTimeoutMs: 150 });
    const queue = startWorkQueue();
    await db.createAgent(agent('idle'));
    const outcome = db.transaction(async (tx) => {
      await tx.updateAgent({ id: 'idle', name: 'inside' });
      await queue.add(() => db.updateAgent({ id: 'idle', description: 'queued' }));
    });
    await expectError('TIMEOUT', () => outcome);
    await queue.add(() => Promise.resolve());
    expect(await db.getAgent('idle')).toMatchObject({ name: 'Test Agent', description: 'queued' });
  });

  test('many callers share few connections of the server, whatever they do', async () => {
    const db = await open({ pool: { maxConnections: 20, connectTimeoutMs: 20_000 } });
    let most = 0;
    const over = new AbortController();
    const watch = (async () => {
      const sql = "SELECT count(*)::integer AS n FROM pg_stat_activity WHERE datname = 'work'";
      while (!over.signal.aborted) {
        const [row] = await administer(server.url(), sql);
        most = Math.max(most, Number(row?.['n']));
        await sleep(20);
      }
    })();
    await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const id = `m${index}`;
        if (index % 2 === 0) await db.createAgent(agent(id, ['shared', id]));
        else await db.transaction((tx) => tx.createAgent(agent(id, ['shared'])));
        expect(await db.getAgent(id)).not.toBeNull();
        if (index % 5 === 0) await db.updateCertificateStatus('c', 'VALID');
      }),
    );
    over.abort();
    await watch;
    expect(most).toBeLessThanOrEqual(serverConnections);
    expect(await db.queryAgents({ capabilities: ['shared'] })).toHaveLength(100);
  });

  test('statementTimeoutMs is INVALID_OPTIONS, which tells why', async () => {
    const error = await expectError('INVALID_OPTIONS', () => open({ pool: { statementTimeoutMs: 1000 } }));
    expect(error.message).toContain('pooler');
    expect(error.retryable).toBe(false);
  });

  test('a schema in the URL is INVALID_OPTIONS', async () => {
    await expectError('INVALID_OPTIONS', () => open({ url: `${url}?schema=other` }));
  });

  test('a wrong password, an unknown role and a missing database are UNAVAILABLE, and stay so', async () => {
    const wrong = new URL(url);
    wrong.password = 'wrong';
    const stranger = new URL(url);
    stranger.username = 'stranger';
    for (const bad of [wrong.href, stranger.href, pooler.url('missing')]) {
      const error = await expectError('UNAVAILABLE', () => open({ url: bad }));
      expect([String(driverErrorOf(error)), error.retryable]).toEqual([expect.any(String), false]);
    }
  });

  test('a pooler that is full is UNAVAILABLE, and may have room later', async () => {
    const small = await startPooler({ max_client_conn: 1 });
    afterTest(() => small.remove());
    const first = await open({ url: small.url('work') });
    await first.transaction(async (tx) => {
      await tx.getAgent('a');
      const error = await expectError('UNAVAILABLE', () => open({ url: small.url('work') }));
      expect(error.retryable).toBe(true);
    });
  });

  test('a caller who waits for a connection of the server for too long is told so, as of something passing', async () => {
    const impatient = await startPooler({ default_pool_size: 1, query_wait_timeout: 1 });
    afterTest(() => impatient.remove());
    const first = await open({ url: impatient.url('work') });
    const second = await open({ url: impatient.url('work'), retry: false });
    await first.transaction(async (tx) => {
      await tx.getAgent('a');
      const error = await expectError('UNAVAILABLE', () => second.getAgent('a'));
      expect(error.retryable).toBe(true);
    });
    expect(await second.getAgent('a')).toBeNull();
  });

  test('a pooler, or the server behind it, that goes and comes back: calls fail as retryable, and go on', async () => {
    let current = await startPooler({ server_login_retry: 1 });
    const proxy = await TcpProxy.start(current.url('work'));
    afterTest(() => current.remove());
    const db = await open({ url: proxy.url(current.url('work')), pool: { connectTimeoutMs: 2000 } });
    const acknowledged: string[] = [];
    const kinds = new Set<string>();
    let isOver = false;
    const callers = Array.from({ length: 4 }, async (_, caller) => {
      for (let round = 0; !isOver; round += 1) {
        const id = `back-${caller}-${round}`;
        try {
          await (round % 2 === 0 ? db.createAgent(agent(id)) : db.transaction((tx) => tx.createAgent(agent(id))));
          acknowledged.push(id);
          await db.getAgent(id);
          await db.updateCertificateStatus('c', 'VALID');
        } catch (error) {
          if (!isDatabaseError(error)) throw error;
          kinds.add(`${error.code} ${error.retryable}: ${error.message}`);
          await sleep(5);
        }
      }
    });
    const goOn = async (): Promise<void> => {
      const before = acknowledged.length;
      for (const end = performance.now() + 15_000; acknowledged.length < before + 20;) {
        if (performance.now() > end) throw new Error(`It did not go on: ${[...kinds].join('; ')}`);
        await sleep(10);
      }
    };
    await goOn();
    await current.remove();
    proxy.cutAll();
    await sleep(100);
    current = await startPooler({ server_login_retry: 1 });
    proxy.retarget(current.url('work'));
    await goOn();
    await server.restart('fast');
    await goOn();
    await server.restart('immediate');
    await goOn();
    isOver = true;
    await Promise.all(callers);
    expect([...kinds].filter((kind) => !kind.startsWith('UNAVAILABLE true'))).toEqual([]);
    const rows = await administer(server.url('work'), 'SELECT id FROM agents');
    const kept = new Set(rows.map(({ id }) => id));
    expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
  });
});
