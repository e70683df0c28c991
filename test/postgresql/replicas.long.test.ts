import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseService, ReadOptions } from '../../src';
import { administer } from '../support/administration';
import { expectError } from '../support/expect-error';
import { agentInput, eventInput } from '../support/factories';
import type { PostgresqlServer } from '../support/postgresql-server';
import { describeUnless } from '../support/skip';
import { waitUntil } from '../support/wait-until';
import { whyNoOwnServer } from '../support/own-server';
import { comesFromReplica, maxReplicaLagMs, replicaServesAgain, shareReplication } from './replication';
import { inspected } from '../support/inspected';

const reads: readonly (readonly [
  name: string,
  read: (db: DatabaseService, options?: ReadOptions) => Promise<unknown>,
])[] = [
  ['getAgent', (db, options) => db.getAgent('a', options)],
  ['queryAgents', (db, options) => db.queryAgents({ owner: 'test-owner' }, options)],
  ['getCertificate', (db, options) => db.getCertificate('c', options)],
  ['getCertificateByFingerprint', (db, options) => db.getCertificateByFingerprint('AB:CD', options)],
  ['querySecurityEvents', (db, options) => db.querySecurityEvents({}, options)],
  ['agents.get', (db, options) => db.agents.get('a', options)],
  ['agents.query', (db, options) => db.agents.query({}, options)],
  ['certificates.get', (db, options) => db.certificates.get('c', options)],
  ['certificates.getByFingerprint', (db, options) => db.certificates.getByFingerprint('AB:CD', options)],
  ['events.query', (db, options) => db.events.query({}, options)],
];

describeUnless(whyNoOwnServer, 'With read replicas', () => {
  const replication = shareReplication();

  /** How many of some reads each server answers, told by the statements that its connections of the package ran last. */
  async function servedBy(db: DatabaseService, read: () => Promise<unknown>, times = 1): Promise<number[]> {
    const servers = replication.running;
    const before = await Promise.all(servers.map((server) => fetches(server)));
    for (let round = 0; round < times; round += 1) await read();
    // A server tells of its statements at most once a second, or when the connection that ran them ends.
    await db.close();
    let after: number[] = [];
    await waitUntil(async () => {
      after = await Promise.all(servers.map((server) => fetches(server)));
      return after.some((count, index) => count > (before[index] ?? 0));
    });
    await db.initialize();
    return after.map((count, index) => count - (before[index] ?? 0));
  }

  // Reads of the package's tables: neither the checks of the replicas nor those of the migrations.
  async function fetches(server: PostgresqlServer): Promise<number> {
    const sql = `SELECT coalesce(sum(seq_scan + coalesce(idx_scan, 0)), 0)::integer AS n FROM pg_stat_user_tables
      WHERE relname IN ('agents', 'certificates', 'security_events')`;
    const [row] = await administer(server.url('work'), sql);
    return Number(row?.['n']);
  }

  test.each(reads)('%s is answered by a replica', async (_name, read) => {
    const { db } = await replication.open();
    const [byPrimary, byReplica] = await servedBy(db, () => read(db), 3);
    expect([byPrimary, Number(byReplica) > 0]).toEqual([0, true]);
  });

  test.each(reads)("%s with { consistency: 'primary' } is answered by the primary", async (_name, read) => {
    const { db } = await replication.open();
    const [byPrimary, byReplica] = await servedBy(db, () => read(db, { consistency: 'primary' }), 3);
    expect([Number(byPrimary) > 0, byReplica]).toEqual([true, 0]);
  });

  test('a change-feed position that a replica does not have yet is read from the primary', async () => {
    const { db } = await replication.open({ maxReplicaLagMs: 60_000 });
    await replication.whilePaused(async () => {
      const id = await replication.write(db);
      expect(await comesFromReplica(db, id)).toBe(true);
      const last = (await db.changes({}, { consistency: 'primary' })).at(-1)?.sequence ?? 0;
      expect((await db.changes()).map(({ sequence }) => sequence)).not.toContain(last);
      expect(await db.changes({ after: last })).toEqual([]);
      expect(await db.followChanges({ after: last, pollMs: 0 }).next()).toEqual({ done: true, value: undefined });
      await expectError('OUT_OF_RANGE', () => db.changes({ after: last + 1 }));
    });
  });

  test('a transaction and a write see the primary, whatever a replica lacks', async () => {
    const { db } = await replication.open({ maxReplicaLagMs: 60_000 });
    await replication.whilePaused(async () => {
      const id = await replication.write(db);
      expect(await comesFromReplica(db, id)).toBe(true);
      expect(await db.getAgent(id, { consistency: 'primary' })).not.toBeNull();
      await db.transaction(async (tx) => expect(await tx.getAgent(id)).not.toBeNull());
      expect(await db.updateAgent({ id, name: 'changed' })).toBe(true);
      expect(await db.updateCertificateStatus('c', 'SUSPENDED')).toBe(true);
      expect(await db.updateCertificateStatus('c', 'VALID')).toBe(true);
      await expectError('ALREADY_EXISTS', () => db.createAgent(agentInput({ id, certificateId: 'c' })));
      expect(await db.recordSecurityEvent(eventInput())).toBeDefined();
      expect(await db.deleteAgent(id)).toBe(true);
    });
  });

  test('a replica that lags is left out after maxReplicaLagMs, and back when it has caught up', async () => {
    const { db, told } = await replication.open();
    await replication.whilePaused(async () => {
      await db.getAgent('a');
      const late = await replication.write(db);
      expect(await comesFromReplica(db, late)).toBe(true);
      await sleep(maxReplicaLagMs);
      for (let round = 0; round < 20; round += 1) {
        expect(await comesFromReplica(db, late)).toBe(false);
        await sleep(20);
      }
    });
    expect(JSON.stringify(told)).toContain('lags');
    await replicaServesAgain({ db, told });
    await replication.whilePaused(async () => {
      await db.getAgent('a');
      expect(await comesFromReplica(db, await replication.write(db))).toBe(true);
    });
  });

  test('an idle primary makes nobody lag', async () => {
    const { db, told } = await replication.open();
    for (let round = 0; round < 6; round += 1) {
      await sleep(maxReplicaLagMs / 2);
      await db.getAgent('a');
    }
    expect(JSON.stringify(told)).not.toContain('lags');
  });

  test('reads that are far apart are answered by the replica, too', async () => {
    const { db } = await replication.open();
    await sleep(maxReplicaLagMs + 100);
    const [byPrimary, byReplica] = await servedBy(db, () => db.getAgent('a'));
    expect([byPrimary, Number(byReplica) > 0]).toEqual([0, true]);
  });

  test('two replicas take turns', async () => {
    const { db } = await replication.open({ replicaUrls: [replication.replicaUrl(0), replication.replicaUrl(1)] });
    const [byPrimary, first, second] = await servedBy(db, () => db.getAgent('a'), 20);
    expect(byPrimary).toBe(0);
    expect([Number(first) > 5, Number(second) > 5]).toEqual([true, true]);
  });

  test('maxReplicaLagMs: 0 leaves every replica out', async () => {
    const { db } = await replication.open({ maxReplicaLagMs: 0 });
    const [byPrimary, byReplica] = await servedBy(db, () => db.getAgent('a'), 3);
    expect([Number(byPrimary) > 0, byReplica]).toEqual([true, 0]);
  });

  test('a replica whose password is wrong, or which is nowhere, keeps nothing from starting; neither is its URL told', async () => {
    const wrong = new URL(replication.replicaUrl());
    wrong.password = 'wR0ng-secret';
    const nowhere = 'postgresql://ans:n0where-secret@127.0.0.1:9/work';
    const { db, told } = await replication.open({ replicaUrls: [wrong.href, nowhere] });
    expect(await db.getAgent('a')).not.toBeNull();
    expect(inspected(told)).not.toMatch(/secret|127\.0\.0\.1/);
  });
});
