import { driverErrorOf, type AgentInput, type DatabaseService, type JsonValue } from '../../src';
import { longestBlockMs } from '../support/event-loop';
import { agentInput, certificateInput, eventInput } from '../support/factories';
import { callUntyped, expectError, expectRefused } from '../support/expect-error';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';

/** Maximum time of the largest allowed input on a busy machine, in milliseconds. */
const longestMs = 5000;

function metadataOf(value: unknown): AgentInput['metadata'] {
  return { value: value as JsonValue };
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** A value of few objects that is more JSON than there is memory. */
function doubling(): unknown {
  let value: unknown = ['x'];
  for (let level = 0; level < 60; level += 1) value = [value, value];
  return value;
}

const cyclic: unknown[] = [];
cyclic.push({ cyclic });
const sparse: unknown[] = [];
sparse.length = 2 ** 32 - 1;
const endless = [1];
endless[Symbol.iterator] = function* () {
  for (;;) yield 1;
};

const hostile: readonly (readonly [string, () => unknown])[] = [
  ['a million levels of nesting', () => nested(1_000_000)],
  ['an object that contains itself', () => cyclic],
  ['an array of four billion holes', () => sparse],
  ['objects that double with each level', doubling],
  ['a text of 100 million characters', () => 'x'.repeat(100_000_000)],
  ['a key of 100 million characters', () => ({ ['x'.repeat(100_000_000)]: 1 })],
  ['ten million numbers', () => new Array<number>(10_000_000).fill(1)],
  ['an object with toJSON', () => new (class { toJSON = () => 1 })()], // prettier-ignore
];

describe('Metadata', () => {
  const database = shareTestDatabase({ limits: { metadataBytes: 1_048_576 } }, async ({ db }) => {
    await db.createCertificate(certificateInput({ id: 'c' }));
    await db.createAgent(agentInput({ id: 'a', certificateId: 'c' }));
  });

  test.each(hostile)('of %s are refused soon', async (_, make) => {
    const { db } = database();
    const metadata = metadataOf(make());
    const uses: (() => Promise<unknown>)[] = [
      () => db.createAgent(agentInput({ certificateId: 'c', metadata })),
      () => db.agents.setMetadata('a', metadata ?? {}),
      () => db.queryAgents({ metadata }),
      () => db.recordSecurityEvent(eventInput({ metadata })),
      () =>
        db.createAgent(
          agentInput({ certificateId: 'c', endpoints: [{ protocol: '', address: '', port: 1, metadata }] }),
        ),
    ];
    for (const use of uses) {
      const block = await longestBlockMs(() => expectError('INVALID_INPUT', use));
      expect(block).toBeLessThan(longestMs);
    }
    expect((await db.getAgent('a'))?.metadata).toEqual({});
  });

  test('are those of an array, whatever iterates over it', async () => {
    const { db } = database();
    await db.agents.setMetadata('a', { endless });
    expect((await db.getAgent('a'))?.metadata).toEqual({ endless: [1] });
  });

  test('that change while they are read are kept as they were read, or not at all', async () => {
    const { db } = database();
    let reads = 0;
    const changing = { get value() { reads += 1; return reads; } }; // prettier-ignore
    await db.agents.setMetadata('a', changing);
    expect((await db.getAgent('a'))?.metadata).toEqual({ value: reads });
    const lying = new Proxy([1, 2], { get: (target, key) => (key === 'length' ? 3 : target[Number(key)]) });
    await expectError('INVALID_INPUT', () => db.agents.setMetadata('a', { lying: lying }));
  });

  test.each<[string, (reason: Error) => object]>([
    ['a getter', (reason) => ({ get name(): string { throw reason; } })], // prettier-ignore
    ['a proxy', (reason) => new Proxy({}, { ownKeys: () => { throw reason; } })], // prettier-ignore
    ['a getter in metadata', (reason) => ({ metadata: { get a(): never { throw reason; } } })], // prettier-ignore
  ])('and other input that throws as %s is a failure of that call only', async (_, make) => {
    const { db } = database();
    const reason = new Error('mine');
    const agent = Object.defineProperties(
      agentInput({ certificateId: 'c' }),
      Object.getOwnPropertyDescriptors(_ === 'a proxy' ? {} : make(reason)),
    );
    const input = _ === 'a proxy' ? make(reason) : agent;
    const error = await expectError('INVALID_INPUT', () => callUntyped(db, 'createAgent', input));
    expect(driverErrorOf(error)).toBe(reason);
    expect(await db.agents.count()).toBe(1);
  });
});

describe('A list', () => {
  const many = (): string[] => new Array<string>(10_000_000).fill('a');
  test.each<[string, (db: DatabaseService) => Promise<unknown>]>([
    ['ids to get', (db) => db.agents.getMany(many())],
    ['ids to look for', (db) => db.queryAgents({ ids: many() })],
    ['capabilities to look for', (db) => db.queryAgents({ capabilities: many() })],
    ['capabilities to set', (db) => db.agents.setCapabilities('a', many())],
    ['types of events to look for', (db) => db.querySecurityEvents({ eventTypes: many() })],
    ['agents', (db) => callUntyped(db.agents, 'createMany', many())],
    ['agents that are holes', (db) => callUntyped(db.agents, 'createMany', sparse)],
    ['events', (db) => callUntyped(db.events, 'recordMany', many())],
    ['ids that are holes', (db) => callUntyped(db.agents, 'getMany', sparse)],
  ])('of millions of %s is refused', async (_, call) => {
    const database = await openTestDatabase();
    await expectRefused(database, 'INVALID_INPUT', () => call(database.db));
  });

  test('has as many elements as its length says, whatever iterates over it', async () => {
    const { db } = await openTestDatabase();
    const ids = ['a'];
    ids[Symbol.iterator] = function* () {
      for (;;) yield 'b';
    };
    expect(await db.agents.getMany(ids)).toEqual([null]);
  });
});

describe('A query', () => {
  test.each<[string, object]>([
    ['an offset beyond everything', { offset: Number.MAX_SAFE_INTEGER }],
    ['a limit beyond everything', { limit: Number.MAX_SAFE_INTEGER }],
    ['a range of versions of thousands of parts', { version: '1.0.0 || '.repeat(20_000) }],
    ['a range of versions of nothing but spaces', { version: `${' '.repeat(200_000)}1` }],
    ['a range of versions that a parser would try again and again', { version: '1.x-'.repeat(1000) }],
    ['a name of many letters', { name: 'ab'.repeat(100_000) }],
    ['times at both ends of time', { expiresAfter: new Date(-8.64e15), expiresBefore: new Date(8.64e15) }],
  ])('with %s ends soon', async (_, query) => {
    const { db } = await openTestDatabase({ limits: { nameLength: 262_144 } });
    const certificateId = await db.createCertificate(certificateInput());
    await db.createAgent(agentInput({ certificateId, name: 'ab'.repeat(400) }));
    const block = await longestBlockMs(() => db.queryAgents(query));
    expect(block).toBeLessThan(longestMs);
  });
});
