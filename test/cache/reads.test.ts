import type { AgentRecord, Metadata } from '../../src';
import { agentInput, certificateInput, createAgent, createCertificate, wholeAgent } from '../support/factories';
import { changeRaw } from '../support/raw-writer';
import { openTestDatabase } from '../support/test-database';
import { openCache, type CachingTestDatabase } from './open-cache';

async function storeWholeAgent({ db }: CachingTestDatabase): Promise<AgentRecord> {
  const agent = wholeAgent({ certificateId: await createCertificate(db, { id: 'c', fingerprint: 'AA:BB' }) });
  await db.createAgent(agent);
  return agent;
}

/** Returns all objects of a record. */
function partsOf(value: unknown): object[] {
  return typeof value === 'object' && value !== null ? [value, ...Object.values(value).flatMap(partsOf)] : [];
}

describe('reads with a cache', () => {
  test('the cache returns the same agent object without a statement after the first read', async () => {
    const database = await openCache();
    const { db, statementsOf, outcomes } = database;
    const agent = await storeWholeAgent(database);
    const first = await db.getAgent(agent.id);
    expect(first).toEqual(agent);
    expect(await statementsOf(async () => expect(await db.agents.get(agent.id)).toBe(first))).toEqual([]);
    expect(outcomes()).toEqual(['miss agent', 'hit agent']);
  });

  test('the cache returns the same certificate by its id and by any form of its fingerprint', async () => {
    const { db, statementsOf, outcomes } = await openCache();
    await createCertificate(db, { id: 'c', fingerprint: 'AA:BB', metadata: { one: 1 } });
    await createCertificate(db, { id: 'd', fingerprint: 'CC:DD' });
    const [first, second] = [await db.getCertificateByFingerprint('AA:BB'), await db.getCertificate('d')];
    expect(first).toMatchObject({ id: 'c', metadata: { one: 1 } });
    const again = async (): Promise<void> => {
      expect(await db.getCertificateByFingerprint('aabb')).toBe(first);
      expect(await db.getCertificate('c')).toBe(first);
      expect(await db.getCertificateByFingerprint('ccdd')).toBe(second);
    };
    expect(await statementsOf(again)).toEqual([]);
    const [miss, hit] = ['miss certificate', 'hit certificate'];
    expect(outcomes()).toEqual([miss, miss, hit, hit, hit]);
  });

  test('the cache returns deeply frozen records that equal the records without a cache', async () => {
    const database = await openCache();
    const { db, other } = database;
    const agent = await storeWholeAgent(database);
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

  test('updateAgent accepts parts of a record that the cache returned', async () => {
    const database = await openCache();
    const { db } = database;
    const { id } = await storeWholeAgent(database);
    const record = await db.getAgent(id);
    if (record === null) throw new Error('The agent does not exist');
    const { endpoints, defaultEndpoint, metadata, expiresAt } = record;
    const change = { endpoints, defaultEndpoint, metadata, expiresAt, capabilities: [...record.capabilities, 'zeal'] };
    expect(await db.updateAgent({ id, ...change })).toBe(true);
    expect(await db.getAgent(id)).toMatchObject(change);
  });

  test('the cache stores for one second that a record does not exist', async () => {
    const { db, clock, statementsOf } = await openCache();
    const readAll = async (): Promise<void> => {
      expect(await db.getAgent('a')).toBeNull();
      expect(await db.getCertificate('c')).toBeNull();
      expect(await db.getCertificateByFingerprint('AA:BB')).toBeNull();
    };
    await readAll();
    clock.nowMs += 999;
    expect(await statementsOf(readAll)).toEqual([]);
    clock.nowMs += 1;
    expect(await statementsOf(readAll)).toHaveLength(3);
    const certificate = certificateInput({ id: 'c', fingerprint: 'AABB' });
    await db.register({ certificate, agent: agentInput({ id: 'a', certificateId: 'c' }) });
    expect(await db.getAgent('a')).toMatchObject({ certificateId: 'c' });
    expect(await db.getCertificate('c')).toMatchObject({ fingerprint: 'AABB' });
    expect(await db.getCertificateByFingerprint('AA:BB')).toMatchObject({ id: 'c' });
  });

  test('the cache reads a record again after ttlMs or when the clock was set back', async () => {
    const { db, clock, statementsOf } = await openCache({ ttlMs: 20 });
    const id = await createAgent(db);
    const read = () => statementsOf(() => db.getAgent(id));
    expect(await read()).toHaveLength(1);
    clock.nowMs += 19;
    await new Promise((done) => setTimeout(done, 25));
    expect(await read()).toHaveLength(0);
    clock.nowMs += 1;
    expect(await read()).toHaveLength(1);
    clock.nowMs -= 1;
    expect(await read()).toHaveLength(1);
  });

  test('the cache evicts the least recently used record beyond maxEntries', async () => {
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
    // The evicted certificate was stored by its fingerprint; it must not be found by its id any more either.
    expect(await statementsOf(() => db.getCertificate(certificateId))).toHaveLength(1);
  });

  test('reads of the primary and reads in a transaction bypass the cache', async () => {
    const database = await openCache();
    const { db, statementsOf, outcomes } = database;
    const { id } = await storeWholeAgent(database);
    const cached = await db.getAgent(id);
    outcomes();
    for (const read of [
      () => db.getAgent(id, { consistency: 'primary' }),
      () => db.transaction((tx) => tx.getAgent(id)),
    ]) {
      const statements = await statementsOf(async () => {
        const record = await read();
        expect(record).toEqual(cached);
        expect(Object.isFrozen(record)).toBe(false);
      });
      expect(statements).toHaveLength(1);
    }
    expect(outcomes()).toEqual([]);
    expect(await db.getAgent(id)).toBe(cached);
  });

  test('the cache does not prevent reads when the option now throws', async () => {
    let fails = false;
    const now = (): number => {
      if (fails) throw new Error('The clock has stopped');
      return 1_800_000_000_000;
    };
    const database = await openCache({}, { now });
    const agent = await storeWholeAgent(database);
    await database.db.getAgent(agent.id);
    fails = true;
    expect(await database.db.getAgent(agent.id)).toEqual(agent);
    expect(await database.db.getCertificate('absent')).toBeNull();
  });

  test('the cache is empty after the database is closed and opened again', async () => {
    const { db, other } = await openCache();
    const id = await createAgent(db);
    await db.getAgent(id);
    await db.close();
    await other.updateAgent({ id, version: '2.0.0' });
    await db.initialize();
    expect(await db.getAgent(id)).toMatchObject({ version: '2.0.0' });
  });

  test('the cache runs one statement for a hundred concurrent reads of an existing or absent record', async () => {
    const { db, statementsOf } = await openCache();
    const id = await createAgent(db);
    const hundredTimes = <T>(read: () => Promise<T>) => Promise.all(Array.from({ length: 100 }, read));
    const statements = await statementsOf(async () => {
      const records = await hundredTimes(() => db.getAgent(id));
      expect(records[0]).toMatchObject({ id });
      expect(new Set(records).size).toBe(1);
    });
    expect(statements).toHaveLength(1);
    expect(await statementsOf(() => hundredTimes(() => db.getCertificateByFingerprint('AA')))).toHaveLength(1);
  });

  test('all concurrent reads of a cached record fail when their statement fails, and the next read succeeds', async () => {
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

test.each([
  ['cache: undefined', undefined],
  ['maxEntries: 0', { maxEntries: 0 }],
  ['ttlMs: 0', { ttlMs: 0 }],
])('every read runs a statement when the cache is off: %s', async (_, cache) => {
  const { db, statementsOf, events } = await openTestDatabase({ cache });
  const id = await createAgent(db);
  const [first, second] = [await db.getAgent(id), await db.getAgent(id)];
  expect(first).toEqual(second);
  expect(first).not.toBe(second);
  expect(Object.isFrozen(first)).toBe(false);
  expect(await statementsOf(() => db.getAgent(id))).toHaveLength(1);
  expect(events.filter(({ type }) => type === 'cache')).toEqual([]);
});
