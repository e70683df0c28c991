import type { DatabaseService } from '../../src';
import { onPostgresql } from '../support/engine';
import { expectError } from '../support/expect-error';
import { race, rounds } from '../support/race';
import {
  agentIds,
  certificateInput,
  createAgent,
  createAgents,
  createCertificate,
  eventInput,
} from '../support/factories';
import { sampled } from '../support/sampled';
import { openCache } from './open-cache';

type Write = readonly [name: string, write: (db: Pick<DatabaseService, 'agents' | 'certificates'>) => Promise<unknown>];

const main = { agentId: 'a', endpointId: 'main', status: 'UNKNOWN' } as const;
const deletion = 'certificates.delete of the successor';

/** Writes that change the agent `a` or the certificate `c`. */
const writes: readonly Write[] = [
  ['agents.update', ({ agents }) => agents.update({ id: 'a', description: 'new' })],
  ['agents.setStatus', ({ agents }) => agents.setStatus('a', 'SUSPENDED')],
  ['agents.setCapabilities', ({ agents }) => agents.setCapabilities('a', ['new'])],
  ['agents.setMetadata', ({ agents }) => agents.setMetadata('a', { new: 1 })],
  ['agents.mergeMetadata', ({ agents }) => agents.mergeMetadata('a', { new: 1 })],
  ['agents.setEndpointHealth', ({ agents }) => agents.setEndpointHealth('a', 'main', { status: 'UNHEALTHY' })],
  ['agents.recordHealth of a status', ({ agents }) => agents.recordHealth([{ ...main, status: 'UNHEALTHY' }])],
  ['agents.recordHealth of a message', ({ agents }) => agents.recordHealth([{ ...main, message: 'new' }])],
  ['agents.updateMany', ({ agents }) => agents.updateMany([{ id: 'a', description: 'new' }])],
  ['agents.updateWhere', ({ agents }) => agents.updateWhere({ protocol: 'https' }, { description: 'new' })],
  ['agents.deleteWhere', ({ agents }) => agents.deleteWhere({ protocol: 'https' }, { expect: 1 })],
  ['agents.renew', ({ agents }) => agents.renew('a', new Date('2040-01-01'))],
  ['agents.expireDue', ({ agents }) => agents.expireDue()],
  ['agents.delete', ({ agents }) => agents.delete('a')],
  ['certificates.updateStatus', ({ certificates }) => certificates.updateStatus('c', 'SUSPENDED')],
  ['certificates.setMetadata', ({ certificates }) => certificates.setMetadata('c', { new: 1 })],
  ['certificates.expireDue', ({ certificates }) => certificates.expireDue()],
  ['certificates.revoke', ({ certificates: all }) => all.revoke('c', { reason: 'keyCompromise', agents: 'revoke' })],
  ['certificates.rotate', ({ certificates }) => certificates.rotate('c', certificateInput({ id: 'd' }))],
  [deletion, ({ certificates }) => certificates.delete('successor')],
];

/** Opens a cache that has read the agent `a`, the certificate `c` and untouched records. */
async function openWithRecords(write?: string) {
  const database = await openCache();
  const { db, other, clock, statementsOf } = database;
  const past = new Date(clock.nowMs - 1);
  await createCertificate(db, { id: 'c', fingerprint: 'CC', notAfter: past });
  if (write === deletion) await db.certificates.rotate('c', certificateInput({ id: 'successor' }));
  await createCertificate(db, { id: 'untouched', fingerprint: 'DD' });
  const endpoints = [{ id: 'main', protocol: 'https', address: 'x', port: 1 }];
  await createAgent(db, { id: 'a', certificateId: 'c', endpoints, expiresAt: past });
  await createAgent(db, { id: 'untouched', certificateId: 'untouched' });
  const read = (of: DatabaseService) =>
    Promise.all([of.getAgent('a'), of.getCertificate('c'), of.getCertificateByFingerprint('CC')]);
  const readUntouched = () => Promise.all([db.getAgent('untouched'), db.getCertificateByFingerprint('DD')]);
  await readUntouched();
  const before = await read(db);
  const expectCached = async (): Promise<void> => {
    expect(await statementsOf(async () => expect(await read(db)).toEqual(before))).toEqual([]);
  };
  const expectEvicted = async (): Promise<void> => {
    const after = await read(db);
    expect(after).not.toEqual(before);
    expect(after).toEqual(await read(other));
    expect(await statementsOf(readUntouched)).toEqual([]);
  };
  return { ...database, read, expectCached, expectEvicted };
}

describe('writes with a cache', () => {
  test.each(sampled(writes, onPostgresql ? 5 : 2))(
    'the cache evicts only the records that a write changes: %s',
    async (name, write) => {
      const { db, expectEvicted } = await openWithRecords(name);
      await write(db);
      await expectEvicted();
    },
  );

  test.each(sampled(writes, onPostgresql ? 3 : 1))(
    'a commit evicts the changed records from the cache, but a rollback evicts nothing: %s',
    async (name, write) => {
      const { db, expectCached, expectEvicted } = await openWithRecords(name);
      const undone = db.transaction(async (tx) => {
        await write(tx);
        throw new Error('undone');
      });
      await expect(undone).rejects.toThrow('undone');
      await expectCached();
      await db.transaction(async (tx) => {
        await write(tx);
        await expectCached();
      });
      await expectEvicted();
    },
  );

  test('the cache returns the agents that createMany creates after earlier reads found none', async () => {
    const { db, statementsOf } = await openCache();
    const ids = agentIds(20);
    const readAll = () => Promise.all(ids.map((id) => db.getAgent(id)));
    expect(await readAll()).toEqual(ids.map(() => null));
    expect(await statementsOf(readAll)).toEqual([]);
    await createAgents(db, ids);
    expect((await readAll()).map((agent) => agent?.id)).toEqual(ids);
  });

  test('refused writes and security events evict nothing from the cache', async () => {
    const { db, other, read, expectCached } = await openWithRecords();
    await db.recordSecurityEvent(eventInput());
    await expectError('STILL_REFERENCED', () => db.certificates.delete('c'));
    await expectError('INVALID_INPUT', () => db.updateAgent({ id: 'a', defaultEndpoint: 'absent' }));
    await expectCached();
    // The database refuses this update after the cache has prepared for the commit.
    await expectError('REFERENCE_NOT_FOUND', () => db.updateAgent({ id: 'a', certificateId: 'absent' }));
    expect(await read(db)).toEqual(await read(other));
    await expectCached();
  });
});

describe('concurrent reads and writes', () => {
  test('a cached read that begins after an update returns the updated record', async () => {
    const { db, other } = await openCache();
    const certificateId = await createCertificate(db, { id: 'c', fingerprint: 'CC' });
    await createAgent(db, { id: 'a', certificateId });
    const read = () => db.getAgent('a');
    const readCertificate = () => db.getCertificateByFingerprint('CC');
    for (let round = 0; round < 3 * rounds; round += 1) {
      const change = { id: 'a', version: `1.0.${round}` };
      const update = () => (round % 3 === 0 ? db.transaction((tx) => tx.updateAgent(change)) : db.updateAgent(change));
      await race(round, read, update, read, read);
      expect(await read()).toMatchObject(change);
      expect(await read()).toEqual(await other.getAgent('a'));
      const setMetadata = () => db.certificates.setMetadata('c', { round });
      await race(round, readCertificate, setMetadata, () => db.getCertificate('c'), readCertificate);
      expect(await readCertificate()).toMatchObject({ metadata: { round } });
      expect(await db.getCertificate('c')).toMatchObject({ metadata: { round } });
    }
  });

  test('a cached read never returns an older version of a record than an earlier read', async () => {
    const { db, other } = await openCache();
    await createAgent(db, { id: 'a', version: '0' });
    let newest = -1;
    let isOver = false;
    const reading = async (): Promise<void> => {
      while (!isOver) {
        const known = newest;
        const version = Number((await db.getAgent('a'))?.version);
        expect(version).toBeGreaterThanOrEqual(known);
        newest = Math.max(newest, version);
        if (Math.random() < 0.2) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const readers = [reading(), reading(), reading()];
    for (let round = 1; round <= 3 * rounds; round += 1) {
      await db.updateAgent({ id: 'a', version: String(round) });
      newest = Math.max(newest, round);
      expect(Number((await db.getAgent('a'))?.version)).toBe(round);
    }
    isOver = true;
    await Promise.all(readers);
    expect(await other.getAgent('a')).toMatchObject({ version: String(3 * rounds) });
  });

  test('a cached read returns a record that was created during an earlier read of the same id', async () => {
    const { db } = await openCache();
    const certificateId = await createCertificate(db);
    for (let round = 0; round < 2 * rounds; round += 1) {
      const id = `agent-${round}`;
      const read = () => db.getAgent(id);
      await race(round, read, () => createAgent(db, { id, certificateId }), read);
      expect(await db.getAgent(id)).toMatchObject({ id });
      const fingerprint = `${round}AA`;
      const byFingerprint = () => db.getCertificateByFingerprint(fingerprint);
      await race(round, byFingerprint, () => createCertificate(db, { fingerprint }), byFingerprint);
      expect(await byFingerprint()).toMatchObject({ fingerprint });
    }
  });
});
