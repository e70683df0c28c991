import { DatabaseService, isDatabaseError, type AgentInput, type JsonValue } from '../../src';
import { longestBlockMs } from '../support/event-loop';
import { agentInput, certificateInput, eventInput } from '../support/factories';

/*
 * Tries large input on the database whose URL is the first argument, in a process with little memory. Prints a line of
 * JSON for each attempt: its description, the code of its error, the expected code, its duration and the longest pause
 * of the event loop.
 */

const [, , url = ''] = process.argv;

type Attempt = readonly [what: string, attempt: (db: DatabaseService) => Promise<unknown>];

const long = (): string => 'x'.repeat(100_000_000);
const holes = (length: number): string[] => new Array<string>(length);
const million = (): string[] => new Array<string>(1_000_000).fill('a');
const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));
const agent = (fields: object): AgentInput => agentInput({ certificateId: 'c', ...fields });
const endpoint = (fields: object) => ({ protocol: 'p', address: 'a', port: 1, ...fields });

/** Calls a method with arguments of any type, as JavaScript can. */
function callUntyped(target: object, method: string, ...args: readonly unknown[]): Promise<unknown> {
  const callable = Reflect.get(target, method) as (...all: readonly unknown[]) => Promise<unknown>;
  return callable.apply(target, [...args]);
}

function deep(levels: number): JsonValue {
  let value: JsonValue = 1;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** Returns 61 nested arrays, each of which contains the next one twice. Their JSON would not fit into any memory. */
function doubling(): JsonValue {
  let value: JsonValue = ['x'];
  for (let level = 0; level < 60; level += 1) value = [value, value];
  return value;
}

function wide(keys: number): Record<string, JsonValue> {
  return Object.fromEntries(Array.from({ length: keys }, (_, index) => [`key ${index}`, index]));
}

const texts = ['id', 'name', 'owner', 'version', 'publicKey', 'description', 'certificateId', 'defaultEndpoint'];
const filters = ['id', 'name', 'exactName', 'owner', 'version', 'fingerprint', 'protocol', 'address'];
const lists = ['ids', 'names', 'owners', 'capabilities', 'status', 'certificateStatus', 'health'];

const metadataKinds: readonly (readonly [string, () => unknown])[] = [
  ['deep metadata', () => deep(1_000_000)],
  ['metadata of four billion holes', () => holes(2 ** 32 - 1)],
  ['doubling metadata', doubling],
  ['a long metadata value', long],
  ['a long metadata key', () => ({ [long()]: 1 })],
  ['10 million numbers in metadata', () => new Array<number>(10_000_000).fill(1)],
];

/** Returns attempts with the metadata in an agent, an endpoint, a security event, setMetadata and a query. */
function withMetadata([what, make]: (typeof metadataKinds)[number]): Attempt[] {
  const metadata = () => ({ value: make() as JsonValue });
  return [
    [`${what} of an agent`, (db) => db.createAgent(agent({ metadata: metadata() }))],
    [`${what} of an endpoint`, (db) => db.createAgent(agent({ endpoints: [endpoint({ metadata: metadata() })] }))],
    [`${what} of an event`, (db) => db.recordSecurityEvent(eventInput({ metadata: metadata() }))],
    [`${what} to set`, (db) => db.agents.setMetadata('a', metadata())],
    [`${what} in a query`, (db) => db.queryAgents({ metadata: metadata() })],
  ];
}

const refused: readonly Attempt[] = [
  ...texts.map((field): Attempt => [`a long ${field}`, (db) => db.createAgent(agent({ [field]: long() }))]),
  ...filters.map((field): Attempt => [`a query by a long ${field}`, (db) => db.queryAgents({ [field]: long() })]),
  ...lists.map((field): Attempt => [`a query by a million ${field}`, (db) => db.queryAgents({ [field]: million() })]),
  ...metadataKinds.flatMap(withMetadata),
  ['a long id to get', (db) => db.getAgent(long())],
  ['a long subject', (db) => db.createCertificate(certificateInput({ subject: long() }))],
  ['a long source', (db) => db.recordSecurityEvent(eventInput({ source: long() }))],
  ['a long address', (db) => db.createAgent(agent({ endpoints: [endpoint({ address: long() })] }))],
  ['a long field', (db) => db.createAgent(agent({ [long()]: 1 }))],
  ['wider metadata', (db) => db.agents.setMetadata('a', wide(400_000))],
  ['an object of 400,000 fields', (db) => db.createAgent(agent(wide(400_000)))],
  ['a list of 10 million holes', (db) => db.agents.getMany(holes(10_000_000))],
  ['10 million agents that are holes', (db) => callUntyped(db.agents, 'createMany', holes(10_000_000))],
  ['a million agents that are texts', (db) => callUntyped(db.agents, 'createMany', million())],
  ['a million events that are texts', (db) => callUntyped(db.events, 'recordMany', million())],
  ['a million ids to get', (db) => db.agents.getMany(million())],
  ['a million capabilities to set', (db) => db.agents.setCapabilities('a', million())],
  ['a query by a million event types', (db) => db.querySecurityEvents({ eventTypes: million() })],
  ['a range of 300 alternatives', (db) => db.queryAgents({ version: `>${numbered(300).join('.0.0 || >')}.0.0` })],
  ['a cursor of 10 million characters', (db) => db.agents.page({}, { after: 'A'.repeat(10_000_000) })],
  ['the longest cursor', (db) => db.events.page({}, { after: Buffer.from('['.repeat(6e6)).toString('base64url') })],
];

const largest = { offset: 2 ** 53 - 1, limit: 2 ** 53 - 1 };
const allTime = [new Date(-8.64e15), new Date(8.64e15)] as const;
const rangeParts = ['<', '>=', '1.', ' ', 'x', '1 - ', '~', '^', '=v', '1.2.3-', '0-0', '+a', '||', '1.x-'];

const answered: readonly Attempt[] = [
  ['wide metadata', (db) => db.agents.setMetadata('a', wide(100_000))],
  ['a query by wide metadata', (db) => db.queryAgents({ metadata: wide(100_000) })],
  ['100,000 agents that are holes', (db) => callUntyped(db.agents, 'createMany', holes(1e5), { onError: 'collect' })],
  ['a query by 100,000 ids', (db) => db.queryAgents({ ids: numbered(100_000) })],
  ['100,000 capabilities', (db) => db.queryAgents({ capabilities: numbered(100_000), allCapabilities: true })],
  ['10,000 endpoints', (db) => db.updateAgent({ id: 'a', endpoints: numbered(10_000).map((id) => endpoint({ id })) })],
  ['a range of 10,000 alternatives', (db) => db.queryAgents({ version: '>=1 || '.repeat(10_000) })],
  ['a range of 20,000 alternatives', (db) => db.queryAgents({ version: '1.0.0 || '.repeat(20_000) })],
  ...rangeParts.map((part): Attempt => {
    const version = `${part.repeat(Math.floor(4090 / part.length))}1`;
    return [`a range of "${part}"`, (db) => db.queryAgents({ version })];
  }),
  ['a range of 200,000 spaces', (db) => db.queryAgents({ version: `${' '.repeat(200_000)}1` })],
  ['a version of 1,000 parts', (db) => db.createAgent(agent({ version: `1.0.0-${'0.'.repeat(1000)}1` }))],
  ['a query by a name of 200,000 letters', (db) => db.queryAgents({ name: 'ab'.repeat(100_000) })],
  ['the largest offset and limit of agents', (db) => db.queryAgents(largest)],
  ['the largest offset and limit of certificates', (db) => db.certificates.query(largest)],
  ['the largest offset and limit of events', (db) => db.events.query(largest)],
  ['the longest time until expiry', (db) => db.certificates.expiring(2 ** 53 - 1)],
  ['agents of all time', (db) => db.queryAgents({ expiresAfter: allTime[0], expiresBefore: allTime[1] })],
  ['events of all time', (db) => db.events.query({ from: allTime[0], to: allTime[1] })],
  ['buckets of a millisecond', (db) => db.events.aggregate({}, { by: { bucketMs: 1 } })],
  ['large records', storeLargeRecords],
  ['the large records one by one', readLargeRecords],
];

const largeIds = numbered(8).map((index) => `large ${index}`);

const attempts: readonly (readonly [expected: string | undefined, ...Attempt])[] = [
  ...refused.map((attempt) => ['INVALID_INPUT', ...attempt] as const),
  ...answered.map((attempt) => [undefined, ...attempt] as const),
  ['OUT_OF_RANGE', 'a change after all others', (db) => db.changes({ after: 2 ** 53 - 1 })],
  ['RESULT_TOO_LARGE', 'all large records at once', (db) => db.queryAgents({ owner: 'large' })],
  ['RESULT_TOO_LARGE', 'all large records by id', (db) => db.agents.getMany(largeIds)],
];

async function storeLargeRecords(db: DatabaseService): Promise<void> {
  for (const [index, id] of largeIds.entries()) {
    const text = String(index).repeat(3_000_000);
    await db.createAgent(agent({ id, owner: 'large', description: text, metadata: { text } }));
  }
}

async function readLargeRecords(db: DatabaseService): Promise<void> {
  let length = 0;
  for await (const { description } of db.agents.iterate({ owner: 'large' })) length += description?.length ?? 0;
  if (length !== 24_000_000) throw new Error('large records are missing');
}

async function run(): Promise<void> {
  // The answers must fit into the memory of the process.
  const db = new DatabaseService({ url, limits: { answerLength: 16_777_216, nameLength: 262_144 } });
  await db.initialize();
  await db.createCertificate(certificateInput({ id: 'c', notAfter: new Date('9999-12-31T23:59:59.999Z') }));
  await db.createAgent(agent({ id: 'a', name: 'ab'.repeat(400) }));
  for (const [expected, what, attempt] of attempts) {
    let code: string | undefined;
    const start = performance.now();
    const blockedMs = await longestBlockMs(async () => {
      code = await attempt(db).then(
        () => undefined,
        (error: unknown) => (isDatabaseError(error) ? error.code : String(error)),
      );
    });
    const ms = Math.round(performance.now() - start);
    console.log(JSON.stringify({ what, code, expected, ms, blockedMs: Math.round(blockedMs) }));
  }
  const id = await db.createAgent(agent({}));
  const { ok } = await db.check();
  const isThere = (await db.getAgent(id)) !== null;
  await db.close();
  console.log(JSON.stringify({ what: 'the end', ok: ok && isThere }));
}

void run();
