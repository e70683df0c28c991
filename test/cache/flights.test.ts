import { race, rounds } from '../races/race';
import { createAgent, createCertificate } from '../support/factories';
import { changeRaw } from '../support/raw-writer';
import { openCache } from './open-cache';

const manyTimes = <T>(read: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: 100 }, read));

describe('Reads of one record at once', () => {
  test('a hundred take one statement, and get the same record', async () => {
    const { db, statementsOf } = await openCache();
    const id = await createAgent(db);
    const statements = await statementsOf(async () => {
      const records = await manyTimes(() => db.getAgent(id));
      expect(records[0]).toMatchObject({ id });
      expect(new Set(records).size).toBe(1);
    });
    expect(statements).toHaveLength(1);
  });

  test('a hundred that find none take one statement', async () => {
    const { db, statementsOf } = await openCache();
    const read = () => manyTimes(() => db.getCertificateByFingerprint('AA'));
    expect(await statementsOf(read)).toHaveLength(1);
  });

  test('one that fails fails those that wait for it, and is not kept', async () => {
    const database = await openCache({}, { retry: false });
    const { db } = database;
    const id = await createAgent(db);
    await changeRaw(database, 'ALTER TABLE agents RENAME TO elsewhere');
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => db.getAgent(id)));
    expect(outcomes.map(({ status }) => status)).toEqual(outcomes.map(() => 'rejected'));
    await changeRaw(database, 'ALTER TABLE elsewhere RENAME TO agents');
    expect(await db.getAgent(id)).toMatchObject({ id });
  });
});

describe('A read that a change overtakes', () => {
  test('is never what is read after the change', async () => {
    const { db, other } = await openCache();
    const certificateId = await createCertificate(db, { id: 'c', fingerprint: 'CC' });
    await createAgent(db, { id: 'a', certificateId });
    for (let round = 0; round < 10 * rounds; round += 1) {
      const version = `1.0.${round}`;
      const read = () => db.getAgent('a');
      const update =
        round % 3 === 0
          ? () => db.transaction((tx) => tx.updateAgent({ id: 'a', version }))
          : () => db.updateAgent({ id: 'a', version });
      await race(round, read, update, read, read);
      expect(await db.getAgent('a')).toMatchObject({ version });
      expect(await db.getAgent('a')).toEqual(await other.getAgent('a'));
      const readCertificate = () => db.getCertificateByFingerprint('CC');
      const setMetadata = () => db.certificates.setMetadata('c', { round });
      await race(round, readCertificate, setMetadata, () => db.getCertificate('c'), readCertificate);
      expect(await db.getCertificateByFingerprint('CC')).toMatchObject({ metadata: { round } });
      expect(await db.getCertificate('c')).toMatchObject({ metadata: { round } });
    }
  });

  test('is never older than what was read before, while others change it', async () => {
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
    for (let round = 1; round <= 10 * rounds; round += 1) {
      await db.updateAgent({ id: 'a', version: String(round) });
      newest = Math.max(newest, round);
      expect(Number((await db.getAgent('a'))?.version)).toBe(round);
    }
    isOver = true;
    await Promise.all(readers);
    expect(await other.getAgent('a')).toMatchObject({ version: String(10 * rounds) });
  });

  test('an absent agent that is registered meanwhile is found after it', async () => {
    const { db } = await openCache();
    const certificateId = await createCertificate(db);
    for (let round = 0; round < 5 * rounds; round += 1) {
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
