import { driverErrorOf, type DatabaseOptions, type DatabaseService } from '../../src';
import { administer } from '../support/administration';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, eventInput } from '../support/factories';
import { shareOwnServer, whyNoOwnServer } from '../support/own-server';
import { Pgbouncer, whyNoPgbouncer } from '../support/pgbouncer';
import type { ServerSettings } from '../support/postgresql-server';
import { describeUnless } from '../support/skip';
import { afterTest } from '../support/test-database';
import { startWorkQueue } from '../support/work-queue';

describeUnless(whyNoOwnServer ?? whyNoPgbouncer(), 'through PgBouncer in transaction pooling mode', () => {
  const shared = shareOwnServer((db) => db.createCertificate(certificateInput({ id: 'c' })));
  let pooler: Pgbouncer;
  let url: string;

  beforeAll(async () => {
    pooler = await startPooler();
    url = pooler.url('work');
  });
  afterAll(() => pooler.remove());

  function startPooler(settings: ServerSettings = {}): Promise<Pgbouncer> {
    const defaults = { default_pool_size: 2, max_client_conn: 200 };
    return Pgbouncer.start(shared.server, { ...defaults, ...settings });
  }

  /** Starts another PgBouncer for one test, and returns the URL of the database. */
  async function urlOfPooler(settings: ServerSettings): Promise<string> {
    const other = await startPooler(settings);
    afterTest(() => other.remove());
    return other.url('work');
  }

  const open = (options: DatabaseOptions = {}): Promise<DatabaseService> => shared.open({ url, pool: {}, ...options });

  function agent(id: string, capabilities: readonly string[] = []) {
    return agentInput({ id, certificateId: 'c', capabilities: [...capabilities] });
  }

  test('several services behind PgBouncer apply the migrations once', async () => {
    await administer(shared.server.url(), 'CREATE DATABASE fresh');
    const fresh = pooler.url('fresh');
    await Promise.all([1, 2, 3].map(() => open({ url: fresh, migrations: 'apply' })));
    const db = await open({ url: fresh, migrations: 'verify' });
    expect(await db.migrateDatabase()).toEqual([]);
  });

  test('reads, writes and refused calls return the expected results through PgBouncer', async () => {
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

  test('a transaction through PgBouncer keeps its connection until it ends', async () => {
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
    const db = await open({ url: await urlOfPooler({ default_pool_size: 4 }), transactionIdleTimeoutMs: 150 });
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

  test('100 concurrent callers succeed with two connections of PgBouncer to the server', async () => {
    const db = await open({ pool: { maxConnections: 20, connectTimeoutMs: 20_000 } });
    await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const id = `m${index}`;
        if (index % 2 === 0) await db.createAgent(agent(id, ['shared', id]));
        else await db.transaction((tx) => tx.createAgent(agent(id, ['shared'])));
        expect(await db.getAgent(id)).not.toBeNull();
        if (index % 5 === 0) await db.updateCertificateStatus('c', 'VALID');
      }),
    );
    expect(await db.queryAgents({ capabilities: ['shared'] })).toHaveLength(100);
  });

  test('statementTimeoutMs behind PgBouncer fails with an INVALID_OPTIONS error that names the pooler', async () => {
    const error = await expectError('INVALID_OPTIONS', () => open({ pool: { statementTimeoutMs: 1000 } }));
    expect(error.message).toContain('pooler');
    expect(error.retryable).toBe(false);
  });

  test('a schema in the URL of PgBouncer fails with INVALID_OPTIONS', async () => {
    await expectError('INVALID_OPTIONS', () => open({ url: `${url}?schema=other` }));
  });

  test('a wrong password, an unknown role and a missing database fail with an UNAVAILABLE that is not retryable', async () => {
    const wrong = new URL(url);
    wrong.password = 'wrong';
    const stranger = new URL(url);
    stranger.username = 'stranger';
    for (const bad of [wrong.href, stranger.href, pooler.url('missing')]) {
      const error = await expectError('UNAVAILABLE', () => open({ url: bad }));
      expect([String(driverErrorOf(error)), error.retryable]).toEqual([expect.any(String), false]);
    }
  });

  test('initialize fails with a retryable UNAVAILABLE when the pooler has no free client connection', async () => {
    const small = await urlOfPooler({ max_client_conn: 1 });
    const first = await open({ url: small });
    await first.transaction(async (tx) => {
      await tx.getAgent('a');
      const error = await expectError('UNAVAILABLE', () => open({ url: small }));
      expect(error.retryable).toBe(true);
    });
  });

  test('a call fails with a retryable UNAVAILABLE when it waits longer than query_wait_timeout of the pooler', async () => {
    const impatient = await urlOfPooler({ default_pool_size: 1, query_wait_timeout: 1 });
    const first = await open({ url: impatient });
    const second = await open({ url: impatient, retry: false });
    await first.transaction(async (tx) => {
      await tx.getAgent('a');
      const error = await expectError('UNAVAILABLE', () => second.getAgent('a'));
      expect(error.retryable).toBe(true);
    });
    expect(await second.getAgent('a')).toBeNull();
  });
});
