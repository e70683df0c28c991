import { agentInput, createAgent, createCertificate } from '../support/factories';
import { rawRows, rawValues } from '../support/raw-reader';
import { openTestDatabase } from '../support/test-database';

const uuidv7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const now = Date.parse('2026-06-01T12:00:00.007Z');
const health = { status: 'HEALTHY', lastChecked: new Date(now) } as const;

describe('endpoints of an agent', () => {
  test('keep their order, whatever their ids', async () => {
    const { db } = await openTestDatabase();
    const endpoints = ['z', 'a', '10', '9', 'm'].map((id) => ({ id, protocol: 'https', address: id, port: 1, health }));
    const id = await createAgent(db, { endpoints });
    expect((await db.getAgent(id))?.endpoints).toStrictEqual(endpoints);
    await db.updateAgent({ id, endpoints: endpoints.toReversed() });
    expect((await db.getAgent(id))?.endpoints).toStrictEqual(endpoints.toReversed());
  });

  test('keep their order beyond ten', async () => {
    const { db } = await openTestDatabase();
    const endpoints = Array.from({ length: 120 }, (_, index) => ({
      id: String((index * 37) % 120),
      protocol: 'https',
      address: `host-${index}`,
      port: index + 1,
      health,
    }));
    const id = await createAgent(db, { endpoints });
    expect((await db.getAgent(id))?.endpoints).toStrictEqual(endpoints);
    expect((await db.queryAgents({ id }))[0]?.endpoints).toStrictEqual(endpoints);
  });

  test('without an id get a UUIDv7 each, without health UNKNOWN at now', async () => {
    const { db } = await openTestDatabase({ now: () => now });
    const endpoint = { protocol: 'https', address: 'a', port: 443 };
    const agent = await db.getAgent(await createAgent(db, { endpoints: [endpoint, endpoint] }));
    const unknown = { ...endpoint, health: { status: 'UNKNOWN', lastChecked: new Date(now) } };
    expect(agent?.endpoints).toMatchObject([unknown, unknown]);
    const ids = agent?.endpoints.map(({ id }) => id) ?? [];
    expect(new Set(ids).size).toBe(2);
    expect(ids.every((id) => uuidv7.test(id))).toBe(true);
  });

  test('with health but no time were checked now', async () => {
    const { db } = await openTestDatabase({ now: () => now });
    const endpoints = [
      { id: 'e', protocol: 'https', address: 'a', port: 443, health: { status: 'UNHEALTHY' as const } },
    ];
    const agent = await db.getAgent(await createAgent(db, { endpoints }));
    expect(agent?.endpoints[0]?.health).toStrictEqual({ status: 'UNHEALTHY', lastChecked: new Date(now) });
  });

  test('of two agents may have the same id', async () => {
    const { db } = await openTestDatabase();
    const endpointOf = (address: string) => ({ id: 'main', protocol: 'https', address, port: 1, health });
    const [a, b] = [endpointOf('a'), endpointOf('b')];
    const first = await createAgent(db, { endpoints: [a], defaultEndpoint: 'main' });
    const second = await createAgent(db, { endpoints: [b], defaultEndpoint: 'main' });
    await db.updateAgent({ id: first, endpoints: [{ ...a, address: 'a2' }] });
    expect(await db.getAgent(first)).toMatchObject({ defaultEndpoint: { ...a, address: 'a2' } });
    expect(await db.getAgent(second)).toMatchObject({ endpoints: [b], defaultEndpoint: b });
    await db.deleteAgent(first);
    expect(await db.getAgent(second)).toMatchObject({ endpoints: [b], defaultEndpoint: b });
  });

  test('may have ids that differ only in case', async () => {
    const { db } = await openTestDatabase();
    const endpoints = ['Main', 'main', 'MAIN'].map((id) => ({ id, protocol: 'x', address: id, port: 1, health }));
    const agent = await db.getAgent(await createAgent(db, { endpoints, defaultEndpoint: 'main' }));
    expect(agent).toMatchObject({ endpoints, defaultEndpoint: endpoints[1] });
  });

  test.each([1, 65_535])('may have port %i', async (port) => {
    const { db } = await openTestDatabase();
    const id = await createAgent(db, { endpoints: [{ id: 'e', protocol: 'https', address: 'a', port }] });
    expect((await db.getAgent(id))?.endpoints[0]?.port).toBe(port);
  });
});

describe('the default endpoint of an agent', () => {
  const main = { id: 'main', protocol: 'https', address: 'a', port: 443, health, metadata: { a: 1 } };
  const spare = { id: 'spare', protocol: 'wss', address: 'b', port: 444, health };

  test.each([
    ['the whole endpoint', spare],
    ['an object with its id', { id: 'spare' }],
    ['its id', 'spare'],
    ['an endpoint that has changed meanwhile, which its id stands for', { ...spare, address: 'old' }],
  ])('is accepted as %s and comes back as the whole endpoint', async (_, defaultEndpoint) => {
    const { db } = await openTestDatabase();
    const endpoints = [main, spare];
    const id = await createAgent(db, { endpoints, defaultEndpoint });
    expect((await db.getAgent(id))?.defaultEndpoint).toStrictEqual(spare);
    await db.updateAgent({ id, defaultEndpoint: 'main' });
    expect((await db.getAgent(id))?.defaultEndpoint).toStrictEqual(main);
    await db.updateAgent({ id, defaultEndpoint });
    expect((await db.queryAgents({ id }))[0]?.defaultEndpoint).toStrictEqual(spare);
  });
});

describe('capabilities of an agent', () => {
  test('come back sorted by code point, not by UTF-16 unit', async () => {
    const { db } = await openTestDatabase();
    const sorted = [
      'Zebra',
      'a',
      'apple',
      'z',
      'é',
      '中文',
      '\uE000private',
      '\uFFFDreplacement',
      '𐐀deseret',
      '😀smile',
    ];
    const id = await createAgent(db, { capabilities: sorted.toReversed() });
    expect((await db.getAgent(id))?.capabilities).toEqual(sorted);
    expect((await db.queryAgents({ id }))[0]?.capabilities).toEqual(sorted);
    // The same by UTF-16 units would be another order: the test could not fail otherwise.
    expect(sorted.toSorted()).not.toEqual(sorted);
  });

  test('come back without duplicates', async () => {
    const { db } = await openTestDatabase();
    const id = await createAgent(db, { capabilities: ['b', 'a', 'b', 'a', 'a'] });
    expect((await db.getAgent(id))?.capabilities).toEqual(['a', 'b']);
    await db.updateAgent({ id, capabilities: ['c', 'c', 'a'] });
    expect((await db.getAgent(id))?.capabilities).toEqual(['a', 'c']);
  });

  test('that differ only in case, spaces or normal form are different ones', async () => {
    const { db } = await openTestDatabase();
    const capabilities = [' search', 'Search', 'e\u0301', 'search', 'search ', 'é'];
    expect((await db.getAgent(await createAgent(db, { capabilities })))?.capabilities).toEqual(capabilities);
  });

  test('of the same name are one row, however many agents have them, also at the same time', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const certificateId = await createCertificate(db);
    const capabilities = ['search', 'translate'];
    await Promise.all(Array.from({ length: 20 }, () => db.createAgent(agentInput({ certificateId, capabilities }))));
    expect(await rawValues(database, 'capabilities', 'name')).toEqual(capabilities);
    expect(await rawRows(database, 'agent_capabilities')).toHaveLength(40);
  });

  test('may be a thousand', async () => {
    const { db } = await openTestDatabase();
    const capabilities = Array.from({ length: 1000 }, (_, index) => `capability-${String(index).padStart(4, '0')}`);
    expect((await db.getAgent(await createAgent(db, { capabilities })))?.capabilities).toEqual(capabilities);
  });
});
