import type { AgentRecord, Metadata } from '../../src';
import { agentInput, certificateInput, createAgent, createCertificate, wholeAgent } from '../support/factories';
import { openTestDatabase } from '../support/test-database';
import { openCache } from './open-cache';
import { waitUntil } from '../support/wait-until';

async function storeWholeAgent(db: Parameters<typeof createAgent>[0]): Promise<AgentRecord> {
  const agent = wholeAgent({ certificateId: await createCertificate(db, { id: 'c', fingerprint: 'AA:BB' }) });
  await db.createAgent(agent);
  return agent;
}

/** All objects that a record consists of. */
function partsOf(value: unknown): object[] {
  return typeof value === 'object' && value !== null ? [value, ...Object.values(value).flatMap(partsOf)] : [];
}

describe('With a cache', () => {
  test('an agent is read once, and then it is the same record', async () => {
    const { db, statementsOf, outcomes } = await openCache();
    const agent = await storeWholeAgent(db);
    const first = await db.getAgent(agent.id);
    expect(first).toEqual(agent);
    expect(await statementsOf(async () => expect(await db.agents.get(agent.id)).toBe(first))).toEqual([]);
    expect(outcomes()).toEqual(['miss agent', 'hit agent']);
  });

  test('a certificate is read once, by whichever writing of its fingerprint, and by its id', async () => {
    const { db, statementsOf, outcomes } = await openCache();
    await createCertificate(db, { id: 'c', fingerprint: 'AA:BB', metadata: { one: 1 } });
    const first = await db.getCertificateByFingerprint('AA:BB');
    expect(first).toMatchObject({ id: 'c', metadata: { one: 1 } });
    const again = async (): Promise<void> => {
      expect(await db.getCertificateByFingerprint('aabb')).toBe(first);
      expect(await db.getCertificate('c')).toBe(first);
    };
    expect(await statementsOf(again)).toEqual([]);
    expect(outcomes()).toEqual(['miss certificate', 'hit certificate', 'hit certificate']);
  });

  test('a certificate that was read by its id is known by its fingerprint', async () => {
    const { db, statementsOf } = await openCache();
    await createCertificate(db, { id: 'c', fingerprint: 'AA:BB' });
    const first = await db.getCertificate('c');
    const again = async (): Promise<void> => expect(await db.getCertificateByFingerprint('aabb')).toBe(first);
    expect(await statementsOf(again)).toEqual([]);
  });

  test('records are the same as without one, and frozen down to their times from the first read on', async () => {
    const { db, other } = await openCache();
    const agent = await storeWholeAgent(db);
    const deep: unknown = JSON.parse('['.repeat(900) + ']'.repeat(900));
    const metadata = JSON.parse(`{"__proto__": {"a": [1]}, "deep": ${JSON.stringify(deep)}}`) as Metadata;
    await db.agents.mergeMetadata(agent.id, metadata);
    const [record, certificate] = [await db.getAgent(agent.id), await db.getCertificate('c')];
    const [plain, plainCertificate] = [await other.getAgent(agent.id), await other.getCertificate('c')];
    expect(record).toStrictEqual(plain);
    expect(certificate).toStrictEqual(plainCertificate);
    expect(JSON.stringify(record)).toBe(JSON.stringify(plain));
    expect(structuredClone(record)).toStrictEqual(plain);
    const parts = [...partsOf(record), ...partsOf(certificate)];
    expect(parts.length).toBeGreaterThan(920);
    expect(parts.filter((part) => !Object.isFrozen(part))).toEqual([]);
    expect(partsOf(plain).some((part) => Object.isFrozen(part))).toBe(false);
    expect(() => ((record as { owner: string }).owner = 'me')).toThrow(TypeError);
    expect(() => record?.capabilities.push('more')).toThrow(TypeError);
    for (const time of parts.filter((part) => part instanceof Date)) {
      expect(() => time.setTime(0)).toThrow(TypeError);
      expect(() => time.setUTCFullYear(2000)).toThrow(TypeError);
    }
    expect(await db.getAgent(agent.id)).toStrictEqual(plain);
  });

  test('a record can be changed and stored again as always', async () => {
    const { db } = await openCache();
    const agent = await storeWholeAgent(db);
    const record = await db.getAgent(agent.id);
    if (record === null) throw new Error('The agent is there');
    const { id, endpoints, defaultEndpoint, metadata, expiresAt } = record;
    const capabilities = [...record.capabilities, 'zeal'];
    const change = { id, endpoints, defaultEndpoint, metadata, expiresAt, capabilities };
    expect(await db.updateAgent(change)).toBe(true);
    const expected = { endpoints, defaultEndpoint, metadata, expiresAt, capabilities };
    expect(await db.getAgent(agent.id)).toMatchObject(expected);
  });

  test('that there is none is kept, for a second at most', async () => {
    const { db, clock, statementsOf } = await openCache();
    const readAll = async (): Promise<void> => {
      expect(await db.getAgent('absent')).toBeNull();
      expect(await db.getCertificate('absent')).toBeNull();
      expect(await db.getCertificateByFingerprint('AB')).toBeNull();
    };
    await readAll();
    clock.nowMs += 999;
    expect(await statementsOf(readAll)).toEqual([]);
    clock.nowMs += 1;
    expect(await statementsOf(readAll)).toHaveLength(3);
  });

  test('who registers an absent agent or certificate finds it', async () => {
    const { db } = await openCache();
    expect(await db.getAgent('a')).toBeNull();
    expect(await db.getCertificate('c')).toBeNull();
    expect(await db.getCertificateByFingerprint('AA:BB')).toBeNull();
    const certificate = certificateInput({ id: 'c', fingerprint: 'AABB' });
    await db.register({ certificate, agent: agentInput({ id: 'a', certificateId: 'c' }) });
    expect(await db.getAgent('a')).toMatchObject({ certificateId: 'c' });
    expect(await db.getCertificate('c')).toMatchObject({ fingerprint: 'AABB' });
    expect(await db.getCertificateByFingerprint('AA:BB')).toMatchObject({ id: 'c' });
  });

  test('a record is read again after ttlMs, and after the clock was set back', async () => {
    const { db, clock, statementsOf } = await openCache({ ttlMs: 500 });
    const id = await createAgent(db);
    const read = () => statementsOf(() => db.getAgent(id));
    expect(await read()).toHaveLength(1);
    clock.nowMs += 499;
    expect(await read()).toHaveLength(0);
    clock.nowMs += 1;
    expect(await read()).toHaveLength(1);
    clock.nowMs -= 1;
    expect(await read()).toHaveLength(1);
  });

  test('a record expires after ttlMs of the clock in the option now', async () => {
    const { db, clock, statementsOf } = await openCache({ ttlMs: 20 });
    const id = await createAgent(db);
    const read = () => statementsOf(() => db.getAgent(id));
    await read();
    const end = performance.now() + 60;
    await waitUntil(() => performance.now() >= end);
    expect(await read()).toHaveLength(0);
    clock.nowMs += 20;
    expect(await read()).toHaveLength(1);
  });

  test('there are maxEntries records at most; what was not asked for longest goes', async () => {
    const { db, statementsOf, outcomes } = await openCache({ maxEntries: 2 });
    const certificateId = await createCertificate(db, { fingerprint: 'AA' });
    for (const id of ['a', 'b']) await createAgent(db, { id, certificateId });
    await db.getAgent('a');
    await db.getCertificateByFingerprint('AA');
    await db.getAgent('a');
    outcomes();
    await db.getAgent('b');
    expect(outcomes()).toEqual(['miss agent', 'evict certificate']);
    expect(await statementsOf(() => db.getAgent('a'))).toEqual([]);
    expect(await statementsOf(() => db.getAgent('b'))).toEqual([]);
    // It was kept under its fingerprint; its id does not lead there any more.
    expect(await statementsOf(() => db.getCertificate(certificateId))).toHaveLength(1);
  });

  test('the primary, and a transaction, answer for themselves', async () => {
    const { db, statementsOf, outcomes } = await openCache();
    const agent = await storeWholeAgent(db);
    const kept = await db.getAgent(agent.id);
    outcomes();
    for (const read of [
      () => db.getAgent(agent.id, { consistency: 'primary' }),
      () => db.transaction((tx) => tx.getAgent(agent.id)),
    ]) {
      const statements = await statementsOf(async () => {
        const record = await read();
        expect(record).toEqual(kept);
        expect(Object.isFrozen(record)).toBe(false);
      });
      expect(statements).toHaveLength(1);
    }
    expect(outcomes()).toEqual([]);
    expect(await db.getAgent(agent.id)).toBe(kept);
  });

  test('a clock that fails does not fail a read', async () => {
    let fails = false;
    const now = (): number => {
      if (fails) throw new Error('The clock has stopped');
      return 1_800_000_000_000;
    };
    const { db } = await openCache({}, { now });
    const agent = await storeWholeAgent(db);
    await db.getAgent(agent.id);
    fails = true;
    expect(await db.getAgent(agent.id)).toEqual(agent);
    expect(await db.getCertificate('absent')).toBeNull();
  });

  test('nothing is left of it after the database was closed', async () => {
    const { db, other } = await openCache();
    const id = await createAgent(db);
    await db.getAgent(id);
    await db.close();
    await other.updateAgent({ id, version: '2.0.0' });
    await db.initialize();
    expect(await db.getAgent(id)).toMatchObject({ version: '2.0.0' });
  });
});

test.each([
  ['no cache', undefined],
  ['no entries', { maxEntries: 0 }],
  ['no time', { ttlMs: 0 }],
])('With %s every read is its own', async (_, cache) => {
  const { db, statementsOf, events } = await openTestDatabase({ cache });
  const id = await createAgent(db);
  const [first, second] = [await db.getAgent(id), await db.getAgent(id)];
  expect(first).toEqual(second);
  expect(first).not.toBe(second);
  expect(Object.isFrozen(first)).toBe(false);
  expect(await statementsOf(() => db.getAgent(id))).toHaveLength(1);
  expect(events.filter(({ type }) => type === 'cache')).toEqual([]);
});
