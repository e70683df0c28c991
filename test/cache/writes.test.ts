import type { DatabaseService } from '../../src';
import { certificateInput, createAgent, createCertificate, eventInput } from '../support/factories';
import { openCache } from './open-cache';

type Write = readonly [name: string, write: (db: Pick<DatabaseService, 'agents' | 'certificates'>) => Promise<unknown>];

/** Writes that change agent `a` or certificate `c`. */
const writes: readonly Write[] = [
  ['agents.update', ({ agents }) => agents.update({ id: 'a', description: 'new' })],
  ['agents.setStatus', ({ agents }) => agents.setStatus('a', 'SUSPENDED')],
  ['agents.setCapabilities', ({ agents }) => agents.setCapabilities('a', ['new'])],
  ['agents.setMetadata', ({ agents }) => agents.setMetadata('a', { new: 1 })],
  ['agents.mergeMetadata', ({ agents }) => agents.mergeMetadata('a', { new: 1 })],
  ['agents.setEndpointHealth', ({ agents }) => agents.setEndpointHealth('a', 'main', { status: 'UNHEALTHY' })],
  ['agents.renew', ({ agents }) => agents.renew('a', new Date('2040-01-01'))],
  ['agents.expireDue', ({ agents }) => agents.expireDue()],
  ['agents.delete', ({ agents }) => agents.delete('a')],
  ['certificates.updateStatus', ({ certificates }) => certificates.updateStatus('c', 'SUSPENDED')],
  ['certificates.setMetadata', ({ certificates }) => certificates.setMetadata('c', { new: 1 })],
  ['certificates.expireDue', ({ certificates }) => certificates.expireDue()],
  [
    'certificates.revoke',
    ({ certificates }) => certificates.revoke('c', { reason: 'keyCompromise', agents: 'revoke' }),
  ],
  ['certificates.rotate', ({ certificates }) => certificates.rotate('c', certificateInput({ id: 'd' }))],
  ['certificates.delete of the successor', ({ certificates }) => certificates.delete('successor')],
];

async function openWithRecords() {
  const database = await openCache();
  const { db, clock } = database;
  const past = new Date(clock.nowMs - 1);
  await createCertificate(db, { id: 'c', fingerprint: 'CC', notAfter: past });
  await db.certificates.rotate('c', certificateInput({ id: 'successor' }));
  await createCertificate(db, { id: 'untouched', fingerprint: 'DD' });
  const endpoints = [{ id: 'main', protocol: 'https', address: 'x', port: 1 }];
  await createAgent(db, { id: 'a', certificateId: 'c', endpoints, expiresAt: past });
  await createAgent(db, { id: 'untouched', certificateId: 'untouched' });
  const read = (of: DatabaseService) =>
    Promise.all([of.getAgent('a'), of.getCertificate('c'), of.getCertificateByFingerprint('CC')]);
  const readUntouched = (of: DatabaseService) =>
    Promise.all([of.getAgent('untouched'), of.getCertificateByFingerprint('DD')]);
  await readUntouched(db);
  return { ...database, read, readUntouched, before: await read(db) };
}

// A rotation of what has been replaced already is refused.
const isRotation = (name: string): boolean => name === 'certificates.rotate';

describe('What is written is what is read next, and nothing else is forgotten', () => {
  test.each(writes)('%s', async (name, write) => {
    const { db, other, read, readUntouched, before, statementsOf } = await openWithRecords();
    if (isRotation(name)) await db.certificates.delete('successor');
    await write(db);
    const after = await read(db);
    expect(after).not.toEqual(before);
    expect(after).toEqual(await read(other));
    expect(await statementsOf(() => readUntouched(db))).toEqual([]);
  });

  test.each(writes)('%s in a transaction: after its commit', async (name, write) => {
    const { db, other, read, readUntouched, before, statementsOf } = await openWithRecords();
    if (isRotation(name)) await db.certificates.delete('successor');
    const old = isRotation(name) ? await read(db) : before;
    await db.transaction(async (tx) => {
      await write(tx);
      expect(await statementsOf(async () => expect(await read(db)).toEqual(old))).toEqual([]);
    });
    const after = await read(db);
    expect(after).not.toEqual(before);
    expect(after).toEqual(await read(other));
    expect(await statementsOf(() => readUntouched(db))).toEqual([]);
  });

  test.each(writes)('%s that is rolled back: nothing', async (name, write) => {
    const { db, read, before, statementsOf } = await openWithRecords();
    if (isRotation(name)) await db.certificates.delete('successor');
    const old = isRotation(name) ? await read(db) : before;
    const undone = db.transaction(async (tx) => {
      await write(tx);
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect(await statementsOf(async () => expect(await read(db)).toEqual(old))).toEqual([]);
  });

  test('many at once', async () => {
    const { db } = await openCache();
    const certificateId = await createCertificate(db);
    const ids = Array.from({ length: 20 }, (_, index) => `agent-${index}`);
    expect(await Promise.all(ids.map((id) => db.getAgent(id)))).toEqual(ids.map(() => null));
    const agents = ids.map((id) => ({ id, name: id, publicKey: 'k', certificateId, version: '1', owner: 'o' }));
    await db.agents.createMany(agents);
    expect((await Promise.all(ids.map((id) => db.getAgent(id)))).map((agent) => agent?.name)).toEqual(ids);
  });

  test('a write that is refused: nothing', async () => {
    const { db, other, read, before, statementsOf } = await openWithRecords();
    await expect(db.certificates.delete('c')).rejects.toThrow();
    await expect(db.updateAgent({ id: 'a', defaultEndpoint: 'absent' })).rejects.toThrow();
    expect(await statementsOf(async () => expect(await read(db)).toEqual(before))).toEqual([]);
    // This one the database itself refuses, when the cache has prepared for its commit.
    await expect(db.updateAgent({ id: 'a', certificateId: 'absent' })).rejects.toThrow();
    expect(await read(db)).toEqual(await read(other));
    expect(await statementsOf(async () => expect(await read(db)).toEqual(before))).toEqual([]);
  });

  test('security events: nothing', async () => {
    const { db, read, before, statementsOf } = await openWithRecords();
    await db.recordSecurityEvent(eventInput());
    expect(await statementsOf(async () => expect(await read(db)).toEqual(before))).toEqual([]);
  });

  test('a certificate of the same id and another fingerprint', async () => {
    const { db } = await openCache();
    await createCertificate(db, { id: 'c', fingerprint: 'AA' });
    expect(await db.getCertificateByFingerprint('AA')).toMatchObject({ id: 'c' });
    expect(await db.getCertificateByFingerprint('BB')).toBeNull();
    await db.transaction(async (tx) => {
      await tx.certificates.delete('c');
      await tx.createCertificate(certificateInput({ id: 'c', fingerprint: 'BB' }));
    });
    expect(await db.getCertificateByFingerprint('AA')).toBeNull();
    expect(await db.getCertificateByFingerprint('BB')).toMatchObject({ id: 'c' });
    expect(await db.getCertificate('c')).toMatchObject({ fingerprint: 'BB' });
  });
});
