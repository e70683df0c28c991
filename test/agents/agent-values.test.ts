import { createHash } from 'node:crypto';
import type { JsonValue, Metadata } from '../../src';
import { indexable, onPostgresql } from '../support/engine';
import { agentInput, createAgent, createCertificate, wholeAgent } from '../support/factories';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';

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

describe('text of an agent', () => {
  const shared = shareTestDatabase({ limits: { nameLength: 262_144 } });

  test.each(texts)('%s comes back equal in every field', async (_, text) => {
    const { db } = shared();
    const certificateId = await createCertificate(db);
    const key = indexable(text);
    const health = { status: 'HEALTHY', lastChecked: new Date(0), message: text } as const;
    const endpoint = { id: key, protocol: key, address: text, port: 80, health, metadata: { [text]: text } };
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
  const outcome = onPostgresql ? 'is INVALID_INPUT, as it would not fit in the index' : 'is a name like any other';
  test(`a long text that cannot be compressed ${outcome}`, async () => {
    const { db } = shared();
    const parts = Array.from({ length: 100 }, (_, index) => createHash('sha256').update(String(index)).digest('hex'));
    const call = createAgent(db, { id: 'long-named', name: parts.join('') });
    if (onPostgresql) await expect(call).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    else await expect(call).resolves.toBe('long-named');
    expect(await db.getAgent('long-named')).toEqual(
      onPostgresql ? null : expect.objectContaining({ name: parts.join('') }),
    );
  });

  test('empty optional texts stay empty texts', async () => {
    const { db } = shared();
    const endpoint = {
      id: 'e',
      protocol: '',
      address: '',
      port: 1,
      health: { status: 'UNKNOWN', lastChecked: new Date(1), message: '' },
    } as const;
    const id = await createAgent(db, { description: '', endpoints: [endpoint], metadata: { '': '' } });
    expect(await db.getAgent(id)).toMatchObject({ description: '', endpoints: [endpoint], metadata: { '': '' } });
  });

  test('optional fields that hold nothing are absent, not null or undefined', async () => {
    const { db } = shared();
    const id = await createAgent(db, { endpoints: [{ protocol: 'https', address: 'a', port: 1 }] });
    const agent = await db.getAgent(id);
    expect(agent).not.toHaveProperty('description');
    expect(agent).not.toHaveProperty('defaultEndpoint');
    expect(agent?.endpoints[0]).not.toHaveProperty('metadata');
    expect(agent?.endpoints[0]?.health).not.toHaveProperty('message');
  });
});

describe('times of an agent', () => {
  const shared = shareTestDatabase();

  test.each([
    ['the first millisecond of year 1', '0001-01-01T00:00:00.000Z'],
    ['a millisecond of year 1', '0001-07-02T03:04:05.678Z'],
    ['the last millisecond before 1970', '1969-12-31T23:59:59.999Z'],
    ['1970', '1970-01-01T00:00:00.000Z'],
    ['a time beyond 32 bits of seconds', '2038-01-19T03:14:08.001Z'],
    ['the last millisecond of year 9999', '9999-12-31T23:59:59.999Z'],
  ])('%s is kept to the millisecond', async (_, iso) => {
    const { db } = shared();
    const time = new Date(iso);
    const health = { status: 'HEALTHY', lastChecked: time } as const;
    const id = await createAgent(db, {
      createdAt: time,
      // The last year is for later changes.
      updatedAt: time < new Date('9999-01-01T00:00:00.000Z') ? time : undefined,
      expiresAt: time,
      endpoints: [{ id: 'e', protocol: 'https', address: 'a', port: 1, health }],
    });
    const agent = await db.getAgent(id);
    expect(agent).toMatchObject({ createdAt: time, expiresAt: time, endpoints: [{ health }] });
  });

  test('a lifetime that would reach beyond year 9999 ends with it', async () => {
    const { db } = await openTestDatabase({ defaultAgentLifetimeMs: Number.MAX_SAFE_INTEGER });
    const agent = await db.getAgent(await createAgent(db));
    expect(agent?.expiresAt).toEqual(new Date('9999-12-31T23:59:59.999Z'));
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

describe('metadata of an agent', () => {
  const shared = shareTestDatabase();

  test.each(values)('%s keeps its JSON type', async (_, value) => {
    const { db } = shared();
    const metadata = { value, within: [value], under: { key: value } };
    const endpoints = [{ id: 'e', protocol: 'https', address: 'a', port: 1, metadata }];
    const agent = await db.getAgent(await createAgent(db, { metadata, endpoints }));
    expect(agent?.metadata).toStrictEqual(metadata);
    expect(agent?.endpoints[0]?.metadata).toStrictEqual(metadata);
  });

  test('the key __proto__ is a key like any other, at every depth', async () => {
    const { db } = shared();
    const text = '{"__proto__":{"a":1},"constructor":1,"toString":null,"x":{"__proto__":[{"__proto__":"b"}]}}';
    const metadata = JSON.parse(text) as Metadata;
    const endpoints = [{ id: 'e', protocol: 'https', address: 'a', port: 1, metadata }];
    const agent = await db.getAgent(await createAgent(db, { metadata, endpoints }));
    expect(sortedKeys(agent?.metadata)).toEqual(sortedKeys(metadata));
    expect(Object.hasOwn(agent?.metadata ?? {}, '__proto__')).toBe(true);
    expect(Object.getOwnPropertyDescriptor(agent?.metadata ?? {}, '__proto__')?.value).toEqual({ a: 1 });
    expect(JSON.stringify(agent?.endpoints[0]?.metadata)).toContain('"__proto__"');
  });

  test('an object without a prototype is an object', async () => {
    const { db } = shared();
    const metadata = Object.assign(Object.create(null) as Metadata, { a: 1 });
    expect((await db.getAgent(await createAgent(db, { metadata })))?.metadata).toStrictEqual({ a: 1 });
  });

  test('keys of any text come back equal', async () => {
    const { db } = shared();
    const metadata = Object.fromEntries(texts.map(([, text], index) => [text, index]));
    expect((await db.getAgent(await createAgent(db, { metadata })))?.metadata).toStrictEqual(metadata);
  });

  test('values nested 900 deep come back equal', async () => {
    const { db } = shared();
    const metadata = JSON.parse(`{"deep":${'['.repeat(900)}${']'.repeat(900)}}`) as Metadata;
    const agent = await db.getAgent(await createAgent(db, { metadata }));
    expect(JSON.stringify(agent?.metadata)).toBe(JSON.stringify(metadata));
  });

  test('a thousand keys come back equal', async () => {
    const { db } = shared();
    const metadata = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`key ${index}`, { index }]));
    const certificateId = await createCertificate(db);
    const id = await db.createAgent(agentInput({ certificateId, metadata }));
    expect((await db.getAgent(id))?.metadata).toStrictEqual(metadata);
  });
});

function sortedKeys(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
