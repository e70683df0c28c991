import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseService } from '../../src';
import { rounds } from '../support/race';
import { nextLine, startProcess } from '../support/child-process';
import { onPostgresql } from '../support/engine';
import { agentInput, certificateInput, createAgent, createCertificate } from '../support/factories';
import { changeRaw } from '../support/raw-writer';
import { openCache } from './open-cache';

/** Maximum time until commits of others are noticed on PostgreSQL, on a busy machine. */
const longestMs = 5000;

/** Reads until the outcome is the expected one. On SQLite, the first read must return it. */
async function expectSoon(read: () => Promise<unknown>, expected: unknown): Promise<void> {
  const deadline = performance.now() + (onPostgresql ? longestMs : 0);
  let outcome = await read();
  while (outcome !== expected && performance.now() < deadline) {
    await sleep(5);
    outcome = await read();
  }
  expect(outcome).toBe(expected);
}

const versionOf = (db: DatabaseService) => async () => (await db.getAgent('a'))?.version;

describe('The cache', () => {
  test(`returns each change of another process ${onPostgresql ? 'within 5 seconds' : 'at once'}`, async () => {
    const { db, options, outcomes } = await openCache();
    await createAgent(db, { id: 'a' });
    const updating = startProcess(join(__dirname, 'updating-process.ts'), options.url);
    await nextLine(updating);
    const count = onPostgresql ? 5 : 10 * rounds;
    for (let round = 0; round < count; round += 1) {
      // The record is in the cache before the other process changes it.
      await db.getAgent('a');
      await db.getAgent('a');
      const done = nextLine(updating);
      updating.child.stdin?.write(`1.0.${round}\n`);
      expect(await done).toBe(`1.0.${round}`);
      await expectSoon(versionOf(db), `1.0.${round}`);
    }
    expect(outcomes().filter((outcome) => outcome === 'hit agent').length).toBeGreaterThanOrEqual(count);
    updating.child.stdin?.end();
    expect(await updating.ended).toBe(0);
  });

  test('does not keep the successor of an agent that another service deletes', async () => {
    const { db, other } = await openCache();
    for (const id of ['a', 'b']) await createAgent(db, { id });
    await db.agents.deprecate('a', { successorId: 'b' });
    const successor = async () => (await db.getAgent('a'))?.deprecation?.successorId;
    expect(await successor()).toBe('b');
    await other.deleteAgent('b');
    await expectSoon(successor, undefined);
  });

  test('returns updates, creations, revocations, rotations and deletions that another service makes', async () => {
    const { db, other } = await openCache();
    await createCertificate(db, { id: 'c', fingerprint: 'CC' });
    await createAgent(db, { id: 'a', certificateId: 'c' });
    const readAll = async () => [
      await db.getAgent('a'),
      await db.getAgent('new'),
      await db.getCertificateByFingerprint('CC'),
      await db.getCertificate('c'),
      await db.getCertificateByFingerprint('NE'),
    ];
    await readAll();
    await other.updateAgent({ id: 'a', owner: 'other' });
    await expectSoon(async () => (await db.getAgent('a'))?.owner, 'other');
    await readAll();
    await createAgent(other, { id: 'new', certificateId: 'c', owner: 'other' });
    await expectSoon(async () => (await db.getAgent('new'))?.owner, 'other');
    await readAll();
    await other.certificates.revoke('c', { reason: 'keyCompromise', agents: 'revoke' });
    await expectSoon(async () => (await db.getCertificateByFingerprint('CC'))?.status, 'REVOKED');
    await expectSoon(async () => (await db.getCertificate('c'))?.status, 'REVOKED');
    await expectSoon(async () => (await db.getAgent('a'))?.status, 'REVOKED');
    await readAll();
    await other.certificates.rotate('c', certificateInput({ id: 'n', fingerprint: 'NE' }));
    await expectSoon(async () => (await db.getCertificateByFingerprint('NE'))?.id, 'n');
    await expectSoon(async () => (await db.getAgent('a'))?.certificateId, 'n');
    await readAll();
    await other.deleteAgent('a');
    await expectSoon(() => db.getAgent('a'), null);
    await other.deleteAgent('new');
    await other.certificates.delete('c');
    await expectSoon(() => db.getCertificateByFingerprint('CC'), null);
    expect(await readAll()).toEqual([null, null, null, null, await other.getCertificate('n')]);
  });

  test(`returns a change that has no change-feed entry ${onPostgresql ? 'after ttlMs' : 'at once'}`, async () => {
    const database = await openCache({ ttlMs: 60_000 });
    const { db, clock } = database;
    await createAgent(db, { id: 'a', version: '1' });
    await db.getAgent('a');
    await changeRaw(database, "UPDATE agents SET version = '2' WHERE id = 'a'");
    clock.nowMs += 59_999;
    expect(await versionOf(db)()).toBe(onPostgresql ? '1' : '2');
    clock.nowMs += 1;
    expect(await versionOf(db)()).toBe('2');
  });

  test('returns a change that follows more changes than the cache reads in one statement', async () => {
    const { db, other } = await openCache();
    const certificateId = await createCertificate(db, { id: 'c' });
    await createAgent(db, { id: 'a', certificateId, version: '1' });
    await db.getAgent('a');
    await other.transaction(async (tx) => {
      await tx.agents.createMany(Array.from({ length: 1500 }, () => agentInput({ certificateId })));
      await tx.updateAgent({ id: 'a', version: '2' });
    });
    await expectSoon(versionOf(db), '2');
    await other.updateAgent({ id: 'a', version: '3' });
    await expectSoon(versionOf(db), '3');
  });
});
