import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentRecord, DatabaseOptions, DatabaseService, TransactionIsolation } from '../../src';
import { administer } from '../support/administration';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput } from '../support/factories';
import { isRefusal, outcomeOf } from '../support/race';
import { describeUnless } from '../support/skip';
import { waitUntil } from '../support/wait-until';
import { whyNoOwnServer } from '../support/own-server';
import { shareReplication, type Opened } from './replication';

/** One write for each way in which statements are sent. */
const writes: readonly (readonly [name: string, write: (db: DatabaseService, id: string) => Promise<unknown>])[] = [
  ['createAgent', (db, id) => db.createAgent(agentInput({ id, certificateId: 'c' }))],
  ['updateAgent', (db, id) => db.updateAgent({ id: 'a', name: id })],
  ['certificates.setMetadata', (db) => db.certificates.setMetadata('c', { changed: true })],
  ['recordSecurityEvent', (db, id) => db.recordSecurityEvent({ ...event, id })],
  ['a transaction', (db, id) => inTransaction(db, id, 'snapshot')],
  ['a serializable transaction', (db, id) => inTransaction(db, id, 'serializable')],
];

const event = { eventType: 'SYSTEM_ABUSE', severity: 'LOW', source: 's', target: 't', description: 'd' } as const;

async function inTransaction(db: DatabaseService, id: string, isolation: TransactionIsolation): Promise<void> {
  await db.transaction(
    async (tx) => {
      await tx.getAgent('a');
      await tx.createCertificate(certificateInput({ id: `certificate-${id}` }));
      await tx.createAgent(agentInput({ id, certificateId: `certificate-${id}` }));
    },
    { isolation },
  );
}

/** Expects that 20 reads return the agent `a` with these fields; waits `pauseMs` after each read. */
async function expectEveryRead(db: DatabaseService, fields: Partial<AgentRecord>, pauseMs = 0): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    expect(await db.getAgent('a')).toMatchObject(fields);
    await sleep(pauseMs);
  }
}

describeUnless(whyNoOwnServer, 'a service after its primary address pointed to a standby for a moment', () => {
  const replication = shareReplication();

  /** Opens a service whose connections lead to the first standby while its address leads to the primary again. */
  async function openMisdirected(options: DatabaseOptions = {}): Promise<Opened> {
    const opened = await replication.openBehindProxy({ replicaUrls: [], ...options });
    const { proxy } = opened;
    proxy.retarget(replication.standby().port);
    proxy.cutAll();
    await waitUntil(async () => !isRefusal(await outcomeOf(opened.db.getAgent('a'))));
    await Promise.all(Array.from({ length: 8 }, () => opened.db.queryAgents({})));
    proxy.retarget(replication.primary.port);
    return opened;
  }

  test.each(writes)('%s on a connection to a standby is retried and succeeds in the same call', async (name, write) => {
    const { db, log } = await openMisdirected();
    const id = name.replaceAll(' ', '-');
    await write(db, id);
    expect(JSON.stringify(log)).toContain('READ_ONLY');
    const count = log.length;
    // All connections were replaced, so that no other call fails first.
    await Promise.all(Array.from({ length: 8 }, (_, index) => write(db, `${id}-${index}`)));
    expect(JSON.stringify(log.slice(count))).not.toContain('READ_ONLY');
  });

  test('a write on a connection to a standby fails with READ_ONLY when retries are disabled, and the next write succeeds', async () => {
    for (const [name, write] of writes) {
      const { db } = await openMisdirected({ retry: false });
      await expectError('READ_ONLY', () => write(db, `once ${name}`));
      await write(db, `twice ${name}`);
    }
  });

  test('a service whose address pointed to a standby for a moment reads from the primary after a second', async () => {
    const { db } = await openMisdirected();
    const { db: other } = await replication.open({ replicaUrls: [] });
    await replication.whilePaused(async () => {
      const id = await replication.write(other);
      await waitUntil(async () => (await db.getAgent(id)) !== null);
      for (let round = 0; round < 10; round += 1) expect(await db.getAgent(id)).not.toBeNull();
    });
  });
});

describeUnless(whyNoOwnServer, 'a service whose primary is a standby', () => {
  const replication = shareReplication();

  test('a service whose primary is a standby serves reads, logs a warning and refuses writes', async () => {
    const { db, log } = await replication.open({ url: replication.replicaUrl(1), replicaUrls: [] });
    expect(await db.getAgent('a')).toMatchObject({ id: 'a' });
    expect(await db.events.verify()).toMatchObject({ valid: true });
    expect(await db.check()).toMatchObject({ ok: true });
    await expectError('READ_ONLY', () => db.updateAgent({ id: 'a', name: 'changed' }));
    await expectError('READ_ONLY', () => db.changes());
    await expectError('READ_ONLY', () => db.migrateDatabase().then(() => db.pruneChanges({ before: new Date() })));
    expect(JSON.stringify(log)).toContain('the server is a standby');
    expect(await db.health()).toMatchObject({ status: 'degraded' });
  });

  test('writes on a standby fail with READ_ONLY after all attempts, and succeed after it is promoted', async () => {
    const { db, log, proxy } = await replication.openBehindProxy({ replicaUrls: [] });
    proxy.retarget(replication.standby().port);
    proxy.cutAll();
    await waitUntil(() => db.getAgent('a').then(() => true));
    for (const [name, write] of writes) {
      log.length = 0;
      await expectError('READ_ONLY', () => write(db, name));
      expect(log.filter((entry) => JSON.stringify(entry).includes('retrying'))).toHaveLength(4);
    }
    expect(await db.health()).toMatchObject({ status: 'degraded', warnings: [expect.stringContaining('standby')] });
    await replication.primary.stop('immediate');
    await administer(replication.standby().url(), 'SELECT pg_promote()');
    for (const [name, write] of writes) {
      await write(db, `${name}-after`);
      expect(await db.getAgent('a')).not.toBeNull();
    }
    expect(await db.health()).toMatchObject({ status: 'up', warnings: [] });
    expect(await db.check()).toMatchObject({ ok: true });
  });
});

describeUnless(whyNoOwnServer, 'a read replica that is promoted', () => {
  const replication = shareReplication();

  test('a service excludes and reports a promoted replica until its address points to a standby again', async () => {
    const { db, log, proxy } = await replication.openWithReplicaBehindProxy();
    expect(await db.health()).toMatchObject({ status: 'up', replicas: [{ isServing: true }] });
    await administer(replication.standby(0).url(), 'SELECT pg_promote()');
    await db.agents.setStatus('a', 'REVOKED');
    // A replica may lack the changes of the last maxReplicaLagMs.
    await sleep(600);
    await expectEveryRead(db, { status: 'REVOKED' }, 50);
    expect(JSON.stringify(log)).toContain('no longer a standby');
    const replicas = [{ isServing: false, fault: 'not-a-standby' }];
    expect(await db.health()).toMatchObject({ status: 'degraded', replicas });
    proxy.retarget(replication.standby(1).port);
    await waitUntil(async () => (await db.health()).replicas[0]?.isServing === true);
    expect(JSON.stringify(log.at(-1))).toContain('serves');
    expect((await db.health()).replicas[0]).not.toHaveProperty('fault');
  });

  test('a service that is opened after the promotion of a replica excludes the replica', async () => {
    const { db, log } = await replication.open();
    await db.updateAgent({ id: 'a', name: 'After the promotion' });
    await expectEveryRead(db, { name: 'After the promotion' });
    expect(JSON.stringify(log)).toContain('no longer a standby');
  });
});

describeUnless(whyNoOwnServer, 'a read replica that is a standby of another cluster', () => {
  const [own, foreign] = [shareReplication(), shareReplication()];

  test('a service excludes a replica of another cluster, even if its log position is ahead of the primary', async () => {
    await administer(foreign.url, 'CREATE TABLE filler AS SELECT generate_series(1, 200000)');
    await foreign.caughtUp();
    const { db, log } = await own.open({ replicaUrls: [foreign.replicaUrl()] });
    await db.updateAgent({ id: 'a', name: 'In this cluster only' });
    await expectEveryRead(db, { name: 'In this cluster only' });
    expect(await db.health()).toMatchObject({ replicas: [{ isServing: false, fault: 'other-history' }] });
    expect(JSON.stringify(log)).toContain('follows another server');
  });
});

describeUnless(whyNoOwnServer, 'a read replica of the former primary after a fail-over', () => {
  const replication = shareReplication();

  test('a service excludes a replica that follows the former primary', async () => {
    const { db, log, proxy } = await replication.openBehindProxy({ replicaUrls: [replication.replicaUrl(1)] });
    expect(await db.health()).toMatchObject({ replicas: [{ isServing: true }] });
    await administer(replication.standby(0).url(), 'SELECT pg_promote()');
    proxy.retarget(replication.standby(0).port);
    proxy.cutAll();
    await db.agents.setStatus('a', 'REVOKED');
    // The former primary and its standby are ahead of the new primary.
    await administer(replication.url, 'CREATE TABLE filler AS SELECT generate_series(1, 20000)');
    await sleep(600);
    await expectEveryRead(db, { status: 'REVOKED' }, 50);
    expect(await db.health()).toMatchObject({ replicas: [{ isServing: false, fault: 'other-history' }] });
    expect(JSON.stringify(log)).toContain('follows another server');
  });
});

describeUnless(whyNoOwnServer, 'a read replica that follows the promoted server', () => {
  const replication = shareReplication();

  test('a replica that follows the promoted server serves reads again', async () => {
    const { db, proxy } = await replication.openBehindProxy({ replicaUrls: [replication.replicaUrl(1)] });
    await replication.primary.stop();
    const [promoted, follower] = [replication.standby(0), replication.standby(1)];
    await administer(promoted.url(), 'SELECT pg_promote()');
    proxy.retarget(promoted.port);
    proxy.cutAll();
    const { name, password } = promoted.superuser;
    const conninfo = `host=127.0.0.1 port=${promoted.port} user=${name} password=${password}`;
    await administer(follower.url(), `ALTER SYSTEM SET primary_conninfo = '${conninfo}'`);
    await administer(follower.url(), 'SELECT pg_reload_conf()');
    await db.updateAgent({ id: 'a', name: 'After the fail-over' });
    await waitUntil(async () => (await db.health()).replicas[0]?.isServing === true);
    expect(await db.getAgent('a')).toMatchObject({ name: 'After the fail-over' });
    expect(await db.health()).toMatchObject({ status: 'up' });
  });
});
