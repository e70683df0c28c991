import { createHash } from 'node:crypto';
import type { DatabaseService, JsonValue, Metadata } from '../../src';
import { indexable, onPostgresql } from '../support/engine';
import { createAgent, createAgents, createCertificate, eventInput, wholeAgent } from '../support/factories';
import { rawRows } from '../support/raw-reader';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';

const now = Date.parse('2026-06-01T12:00:00.007Z');
const health = { status: 'HEALTHY', lastChecked: new Date(now) } as const;
const shared = shareTestDatabase({ now: () => now, limits: { nameLength: 262_144 } });

const texts: readonly (readonly [string, string])[] = [
  ['emoji with joiners and variation selectors', '👩‍👩‍👧‍👦 🏳️‍🌈 ☎️'],
  ['right to left', 'مرحبا بالعالم \u202Eabc\u202C שלום'],
  ['4-byte code points', '𐐀𝒳𠜎\u{10FFFF}'],
  ['combining marks, neither composed nor decomposed', 'e\u0301 é Å \u212B'],
  ['edge spaces and line ends', ' \t\r\n text \n\n '],
  ['quotes and SQL', `'; DROP TABLE agents; -- "x" \`y\` $1 ? :a @b`],
  ['backslashes and percent signs', '\\ \\n \\u0041 % _ %% \\%'],
  ['control characters and non-characters', '\u0001\u001f\u007f\u0085\u2028\u2029\uFFFE\uFFFF'],
  ['a byte order mark and zero-width characters', '\uFEFFa\u200B\u200D\u00AD'],
  ['JSON', '{"a":[1,null],"b":"\\"x\\""}'],
  ['only a space', ' '],
  ['a number', '007'],
  ['the word null', 'null'],
  ['60,000 characters', '長い文'.repeat(20_000)],
];

describe('agent texts', () => {
  test.each(texts)('an agent returns texts unchanged in every field: %s', async (_, text) => {
    const { db } = shared();
    const certificateId = await createCertificate(db);
    const key = indexable(text);
    const endpoint = {
      id: key,
      protocol: key,
      address: text,
      port: 80,
      health: { status: 'HEALTHY', lastChecked: new Date(0), message: text },
      metadata: { [text]: text },
    } as const;
    const agent = wholeAgent({
      certificateId,
      id: key,
      name: key,
      publicKey: text,
      version: text,
      owner: key,
      description: text,
      capabilities: [key],
      endpoints: [endpoint],
      defaultEndpoint: endpoint,
      metadata: { [key]: text, nested: { [text]: [text] } },
    });
    expect(await db.createAgent(agent)).toBe(key);
    expect(await db.getAgent(key)).toStrictEqual(agent);
    expect(await db.queryAgents({ id: key, name: key, owner: key, version: text })).toStrictEqual([agent]);
  });

  // See "Length of indexed text" in docs/postgresql.md.
  const outcome = onPostgresql
    ? 'createAgent refuses texts that do not fit into an index'
    : 'createAgent stores texts of any length';
  test(`${outcome}, such as a name of 6,400 characters that cannot be compressed`, async () => {
    const { db } = shared();
    const parts = Array.from({ length: 100 }, (_, index) => createHash('sha256').update(String(index)).digest('hex'));
    const name = parts.join('');
    const call = createAgent(db, { id: 'long-named', name });
    if (onPostgresql) await expect(call).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    else await expect(call).resolves.toBe('long-named');
    expect(await db.getAgent('long-named')).toEqual(onPostgresql ? null : expect.objectContaining({ name }));
  });

  test('the description, endpoints and metadata of an agent may contain empty texts', async () => {
    const { db } = shared();
    const unknown = { status: 'UNKNOWN', lastChecked: new Date(1), message: '' } as const;
    const endpoint = { id: 'e', protocol: '', address: '', port: 1, health: unknown };
    const id = await createAgent(db, { description: '', endpoints: [endpoint], metadata: { '': '' } });
    expect(await db.getAgent(id)).toMatchObject({ description: '', endpoints: [endpoint], metadata: { '': '' } });
  });
});

describe('agent times', () => {
  test.each([
    '0001-01-01T00:00:00.000Z',
    '0001-07-02T03:04:05.678Z',
    '1969-12-31T23:59:59.999Z',
    '1970-01-01T00:00:00.000Z',
    '2038-01-19T03:14:08.001Z',
    '9999-12-31T23:59:59.999Z',
  ])('times of an agent are stored to the millisecond: %s', async (iso) => {
    const { db } = shared();
    const time = new Date(iso);
    // createAgent refuses an updatedAt in the year 9999, so that each later change can increase it.
    const updatedAt = time < new Date('9999-01-01T00:00:00.000Z') ? time : new Date(now);
    const endpoint = { id: 'e', protocol: 'https', address: 'a', port: 1, health: { ...health, lastChecked: time } };
    const times = { createdAt: time, updatedAt, expiresAt: time };
    const id = await createAgent(db, { ...times, endpoints: [endpoint] });
    expect(await db.getAgent(id)).toMatchObject({ ...times, endpoints: [endpoint] });
  });
});

const values: readonly (readonly [string, JsonValue])[] = [
  ['0', 0],
  ['the largest safe integer', Number.MAX_SAFE_INTEGER],
  ['an integer beyond 2^53', 2 ** 60],
  ['the largest number', Number.MAX_VALUE],
  ['the smallest number', Number.MIN_VALUE],
  ['a fraction', 0.1 + 0.2],
  ['1e21', 1e21],
  ['true', true],
  ['false', false],
  ['null', null],
  ['an empty text', ''],
  ['a text that is a number', '1'],
  ['a text that is JSON', '{"a":1}'],
  ['an empty array', []],
  ['an empty object', {}],
  ['a mixed array', [1, '1', null, true, [], {}, [[]]]],
  ['nested objects', { a: { b: { c: [{ d: null }] } }, '': { '': '' } }],
  ['keys like numbers', { 10: 'a', 9: 'b', '01': 'c' }],
];

describe('metadata', () => {
  const endpointWith = (metadata: Metadata) => [{ id: 'e', protocol: 'https', address: 'a', port: 1, metadata }];

  test.each(values)('metadata of an agent and of an endpoint keeps the JSON type of %s', async (_, value) => {
    const { db } = shared();
    const metadata = { value, within: [value], under: { key: value } };
    const agent = await db.getAgent(await createAgent(db, { metadata, endpoints: endpointWith(metadata) }));
    expect(agent?.metadata).toStrictEqual(metadata);
    expect(agent?.endpoints[0]?.metadata).toStrictEqual(metadata);
  });

  test('metadata may have the key __proto__ at every depth', async () => {
    const { db } = shared();
    const text = '{"__proto__":{"a":1},"constructor":1,"toString":null,"x":{"__proto__":[{"__proto__":"b"}]}}';
    const metadata = JSON.parse(text) as Metadata;
    const agent = await db.getAgent(await createAgent(db, { metadata, endpoints: endpointWith(metadata) }));
    expect(sortedKeys(agent?.metadata)).toEqual(sortedKeys(metadata));
    expect(Object.getOwnPropertyDescriptor(agent?.metadata ?? {}, '__proto__')?.value).toEqual({ a: 1 });
    expect(JSON.stringify(agent?.endpoints[0]?.metadata)).toContain('"__proto__"');
  });

  test.each<[string, Metadata]>([
    ['keys of any text', Object.fromEntries(texts.map(([, text], index) => [text, index]))],
    ['900 levels of nesting', JSON.parse(`{"deep":${'['.repeat(900)}${']'.repeat(900)}}`) as Metadata],
    ['a thousand keys', Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`key ${index}`, { index }]))],
  ])('metadata may have %s', async (_, metadata) => {
    const { db } = shared();
    const agent = await db.getAgent(await createAgent(db, { metadata }));
    expect(sortedKeys(agent?.metadata)).toBe(sortedKeys(metadata));
  });

  test('metadata without a prototype is stored as JSON with sorted keys', async () => {
    const database = await openTestDatabase();
    const fields = { number: 1, text: '1', none: null, zero: -0, object: { b: 1, a: '2' } };
    const metadata = Object.assign(Object.create(null) as Metadata, fields);
    const agent = await database.db.getAgent(await createAgent(database.db, { metadata }));
    expect(agent?.metadata).toStrictEqual({ ...fields, zero: 0 });
    const values = (await rawRows(database, 'agent_metadata')).map(({ key, value }) => [key, value]);
    expect(values).toEqual([
      ['none', 'null'],
      ['number', '1'],
      ['object', '{"a":"2","b":1}'],
      ['text', '"1"'],
      ['zero', '0'],
    ]);
    expect(await database.db.check()).toMatchObject({ ok: true });
  });
});

describe('-0 in metadata', () => {
  const negative: Metadata = { zero: -0, list: [-0, { deep: -0 }], under: { zero: -0 } };
  const zero: Metadata = { zero: 0, list: [0, { deep: 0 }], under: { zero: 0 } };

  type Write = (db: DatabaseService, id: string) => Promise<unknown>;
  test.each<[string, Write]>([
    ['updateAgent', (db, id) => db.updateAgent({ id, metadata: negative })],
    ['agents.setMetadata', (db, id) => db.agents.setMetadata(id, negative)],
    ['agents.mergeMetadata', (db, id) => db.agents.mergeMetadata(id, negative)],
    ['createAgent', async (db, id) => (await db.deleteAgent(id)) && createAgent(db, { id, metadata: negative })],
    ['agents.createMany', async (db, id) => (await db.deleteAgent(id)) && createAgents(db, [id], () => ({ metadata: negative }))], // prettier-ignore
  ])('%s stores a -0 in the metadata of an agent as 0', async (_, write) => {
    const { db } = shared();
    const id = await createAgent(db);
    await write(db, id);
    expect((await db.getAgent(id))?.metadata).toStrictEqual(zero);
  });

  test('a -0 in the metadata of an endpoint or of a certificate is stored as 0', async () => {
    const { db } = shared();
    const endpoints = [{ protocol: 'https', address: 'a', port: 1, metadata: negative }];
    expect((await db.getAgent(await createAgent(db, { endpoints })))?.endpoints[0]?.metadata).toStrictEqual(zero);
    const id = await createCertificate(db, { metadata: negative });
    expect((await db.getCertificate(id))?.metadata).toStrictEqual(zero);
    expect(await db.certificates.setMetadata(id, { only: -0 })).toBe(true);
    expect((await db.getCertificate(id))?.metadata).toStrictEqual({ only: 0 });
  });

  test('a security event with -0 in its metadata is stored with the same hash as an event with 0', async () => {
    const options = { now: () => now };
    const [one, other] = [await openTestDatabase(options), await openTestDatabase(options)];
    const event = eventInput({ id: 'event', timestamp: new Date(0) });
    await one.db.recordSecurityEvent({ ...event, metadata: negative });
    await other.db.recordSecurityEvent({ ...event, metadata: zero });
    expect((await one.db.events.get('event'))?.metadata).toStrictEqual(zero);
    const verification = await one.db.events.verify();
    expect(verification.valid).toBe(true);
    expect(verification).toEqual(await other.db.events.verify());
  });

  test('a -0 in a metadata filter matches the same records as 0', async () => {
    const { db } = await openTestDatabase();
    for (const [id, metadata] of Object.entries({ negative, zero })) {
      await createCertificate(db, { id, metadata });
      await createAgent(db, { id, certificateId: id, metadata });
      await db.recordSecurityEvent(eventInput({ id, timestamp: new Date(0), metadata }));
    }
    const queries: Metadata[] = [{ zero: -0 }, { zero: 0 }, { list: [-0, { deep: -0 }] }, { under: { zero: -0 } }];
    for (const metadata of queries) {
      const both = [{ id: 'negative' }, { id: 'zero' }];
      expect(await db.queryAgents({ metadata, orderBy: 'id' })).toMatchObject(both);
      expect(await db.certificates.query({ metadata, orderBy: 'id' })).toMatchObject(both);
      expect(await db.querySecurityEvents({ metadata })).toMatchObject(both);
    }
  });
});

function sortedKeys(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
