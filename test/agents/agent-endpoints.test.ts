import { createAgent, createCertificate, wholeAgent, uuidv7 } from '../support/factories';
import { allRawRows } from '../support/raw-reader';
import { shareTestDatabase } from '../support/test-database';

const now = Date.parse('2026-06-01T12:00:00.007Z');
const health = { status: 'HEALTHY', lastChecked: new Date(now) } as const;
const shared = shareTestDatabase({ now: () => now });
let count = 0;

/** Creates an agent with the endpoints `main` and `spare` and returns its id. */
async function createWhole(): Promise<string> {
  const certificateId = await createCertificate(shared().db);
  return shared().db.createAgent(wholeAgent({ id: `whole-${(count += 1)}`, certificateId }));
}

describe('agents with endpoints', () => {
  test('an agent keeps the order of its endpoints, whatever their ids are', async () => {
    const { db } = shared();
    const endpoints = Array.from({ length: 120 }, (_, index) => ({
      id: String((index * 37) % 120),
      protocol: 'https',
      address: `host-${index}`,
      port: index + 1,
      health,
    }));
    const id = await createAgent(db, { endpoints });
    expect((await db.getAgent(id))?.endpoints).toStrictEqual(endpoints);
    await db.updateAgent({ id, endpoints: endpoints.toReversed() });
    expect((await db.getAgent(id))?.endpoints).toStrictEqual(endpoints.toReversed());
    expect((await db.queryAgents({ id }))[0]?.endpoints).toStrictEqual(endpoints.toReversed());
  });

  test('an endpoint without id and health gets a UUIDv7 as id, the status UNKNOWN and the current time', async () => {
    const { db } = shared();
    const endpoint = { protocol: 'https', address: 'a', port: 443 };
    const unhealthy = { ...endpoint, health: { status: 'UNHEALTHY' as const } };
    const agent = await db.getAgent(await createAgent(db, { endpoints: [endpoint, unhealthy] }));
    const [first, second] = agent?.endpoints ?? [];
    expect([first?.id, second?.id]).toEqual([expect.stringMatching(uuidv7), expect.stringMatching(uuidv7)]);
    expect(first?.id).not.toBe(second?.id);
    const lastChecked = new Date(now);
    expect(first).toStrictEqual({ ...endpoint, id: first?.id, health: { status: 'UNKNOWN', lastChecked } });
    expect(second).toStrictEqual({ ...endpoint, id: second?.id, health: { status: 'UNHEALTHY', lastChecked } });
  });

  test('two agents may have endpoints with the same ids', async () => {
    const { db } = shared();
    const endpointOf = (address: string) => ({ id: 'main', protocol: 'https', address, port: 1, health });
    const [a, b] = [endpointOf('a'), endpointOf('b')];
    const first = await createAgent(db, { endpoints: [a], defaultEndpoint: 'main' });
    const second = await createAgent(db, { endpoints: [b], defaultEndpoint: 'main' });
    await db.updateAgent({ id: first, endpoints: [{ ...a, address: 'a2' }] });
    expect(await db.getAgent(first)).toMatchObject({ defaultEndpoint: { ...a, address: 'a2' } });
    await db.deleteAgent(first);
    expect(await db.getAgent(second)).toMatchObject({ endpoints: [b], defaultEndpoint: b });
  });

  test('an agent may have endpoints whose ids differ only in letter case or whose ports are 1 and 65535', async () => {
    const { db } = shared();
    const ports = { Main: 1, main: 65_535, MAIN: 80 };
    const endpoints = Object.entries(ports).map(([id, port]) => ({ id, protocol: 'x', address: id, port, health }));
    const agent = await db.getAgent(await createAgent(db, { endpoints, defaultEndpoint: 'main' }));
    expect(agent).toMatchObject({ endpoints, defaultEndpoint: endpoints[1] });
  });
});

describe('defaultEndpoint', () => {
  const main = { id: 'main', protocol: 'https', address: 'a', port: 443, health, metadata: { a: 1 } };
  const spare = { id: 'spare', protocol: 'wss', address: 'b', port: 444, health };

  test.each([
    ['the whole endpoint', spare],
    ['an object with its id', { id: 'spare' }],
    ['its id', 'spare'],
    ['an endpoint with the same id and another address', { ...spare, address: 'old' }],
  ])('a default endpoint that the caller gives as %s is returned as the whole endpoint', async (_, defaultEndpoint) => {
    const { db } = shared();
    const id = await createAgent(db, { endpoints: [main, spare], defaultEndpoint });
    expect((await db.getAgent(id))?.defaultEndpoint).toStrictEqual(spare);
    await db.updateAgent({ id, defaultEndpoint: 'main' });
    expect((await db.getAgent(id))?.defaultEndpoint).toStrictEqual(main);
    await db.updateAgent({ id, defaultEndpoint });
    expect((await db.queryAgents({ id }))[0]?.defaultEndpoint).toStrictEqual(spare);
  });
});

describe('capabilities', () => {
  const byCodePoint = [' search', 'Search', 'Zebra', 'a', 'apple', 'e\u0301', 'search', 'search ', 'z', 'é', '中文', '\uE000private', '\uFFFDreplacement', '𐐀deseret', '😀smile']; // prettier-ignore

  test('capabilities are sorted by code point without merging names that differ in case, spaces or normal form', async () => {
    const { db } = shared();
    const id = await createAgent(db, { capabilities: byCodePoint.toReversed() });
    expect((await db.getAgent(id))?.capabilities).toEqual(byCodePoint);
    expect((await db.queryAgents({ id }))[0]?.capabilities).toEqual(byCodePoint);
    // toSorted compares UTF-16 units, which results in another order.
    expect(byCodePoint.toSorted()).not.toEqual(byCodePoint);
  });
});

describe('agents.setEndpointHealth', () => {
  test('setEndpointHealth changes only the health of the endpoint, keeps updatedAt, and records one change', async () => {
    const { db } = shared();
    const id = await createWhole();
    const [before, after] = [await db.getAgent(id), (await db.changes({ limit: 10_000 })).at(-1)?.sequence ?? 0];
    const health = { status: 'UNHEALTHY', lastChecked: new Date(now + 77), message: 'no answer' } as const;
    expect(await db.agents.setEndpointHealth(id, 'spare', health)).toBe(true);
    const [main, spareBefore] = before?.endpoints ?? [];
    const spare = { ...spareBefore, health };
    expect(await db.getAgent(id)).toStrictEqual({ ...before, endpoints: [main, spare], defaultEndpoint: spare });
    expect(await db.changes({ after })).toMatchObject([{ entity: 'agent', id, kind: 'UPDATED' }]);
  });

  test('setEndpointHealth sets an omitted lastChecked to the current time and removes an omitted message', async () => {
    const id = await createWhole();
    await shared().db.agents.setEndpointHealth(id, 'main', { status: 'HEALTHY' });
    const [main] = (await shared().db.getAgent(id))?.endpoints ?? [];
    expect(main?.health).toStrictEqual({ status: 'HEALTHY', lastChecked: new Date(now) });
  });

  test('setEndpointHealth returns false and writes nothing when the agent does not have the endpoint', async () => {
    const { db } = shared();
    const id = await createWhole();
    await createAgent(db, { id: 'without' });
    const before = await allRawRows(shared());
    const set = (agentId: string, endpointId: string) =>
      db.agents.setEndpointHealth(agentId, endpointId, { status: 'HEALTHY' });
    expect([await set(id, 'absent'), await set('without', 'main'), await set('absent', 'main')]).toEqual([
      false,
      false,
      false,
    ]);
    expect(await allRawRows(shared())).toEqual(before);
  });
});
