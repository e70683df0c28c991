import { onPostgresql } from '../support/engine';
import { agentInput, certificateInput, createAgent, createAgents, createCertificate } from '../support/factories';
import { changeRaw } from '../support/raw-writer';
import { expectSoon, versionOf } from './expect-soon';
import { openCache } from './open-cache';

describe('The cache', () => {
  test('the cache does not keep a successor that another service deletes', async () => {
    const { db, other } = await openCache();
    await createAgents(db, ['a', 'b']);
    await db.agents.deprecate('a', { successorId: 'b' });
    const successor = async () => (await db.getAgent('a'))?.deprecation?.successorId;
    expect(await successor()).toBe('b');
    await other.deleteAgent('b');
    await expectSoon(successor, undefined);
  });

  test('the cache returns the updated, created, revoked, rotated and deleted records of another service', async () => {
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

  test(`the cache returns a change without a change-feed entry ${onPostgresql ? 'after ttlMs' : 'at once'}`, async () => {
    const { db, clock, ...database } = await openCache({ ttlMs: 60_000 });
    await createAgent(db, { id: 'a', version: '1' });
    await db.getAgent('a');
    await changeRaw(database, "UPDATE agents SET version = '2' WHERE id = 'a'");
    clock.nowMs += 59_999;
    expect(await versionOf(db)()).toBe(onPostgresql ? '1' : '2');
    clock.nowMs += 1;
    expect(await versionOf(db)()).toBe('2');
  });

  test('the cache returns a change that follows more changes than one statement reads', async () => {
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
