import { DatabaseService, isDatabaseError, type AgentInput, type JsonValue } from '../../src';
import { longestBlockMs } from '../support/event-loop';
import { agentInput, certificateInput, eventInput } from '../support/factories';

/*
 * Tries what is large on the database of the URL that it is given, in a process with little memory, and prints a line of
 * JSON for each attempt: what it was, what became of it, and for how long nothing else could happen.
 */

const [, , url = '', which] = process.argv;

/** Inputs that take seconds; used only when all inputs are requested. */
const slow = /large records|100,000 agents|400,000|wider/;

type Attempt = (db: DatabaseService) => Promise<unknown>;

const long = (): string => 'x'.repeat(100_000_000);
const agent = (fields: Partial<AgentInput>): AgentInput => agentInput({ certificateId: 'c', ...fields });

function deep(levels: number): JsonValue {
  let value: JsonValue = 1;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

function wide(keys: number): Record<string, JsonValue> {
  return Object.fromEntries(Array.from({ length: keys }, (_, index) => [`key ${index}`, index]));
}

function alternatives(count: number): string {
  return Array.from({ length: count }, (_, index) => `>${index}.0.0`).join(' || ');
}

/** As a caller without a compiler may. */
function createMany(db: DatabaseService, ...args: readonly unknown[]): Promise<unknown> {
  const callable = Reflect.get(db.agents, 'createMany') as (...all: readonly unknown[]) => Promise<unknown>;
  return callable.apply(db.agents, [...args]);
}

const holes = (length: number): string[] => new Array<string>(length);

const texts = ['id', 'name', 'owner', 'version', 'publicKey', 'description', 'certificateId'] as const;
const queries = ['id', 'name', 'exactName', 'owner', 'version', 'fingerprint', 'protocol'] as const;

/** Each with the code that it is refused with, or none. */
const attempts: readonly (readonly [what: string, code: string | undefined, attempt: Attempt])[] = [
  ...texts.map((field) => [`a long ${field}`, 'INVALID_INPUT', (db: DatabaseService) => db.createAgent(agent({ [field]: long() }))] as const), // prettier-ignore
  ...queries.map((field) => [`a query by a long ${field}`, 'INVALID_INPUT', (db: DatabaseService) => db.queryAgents({ [field]: long() })] as const), // prettier-ignore
  ['a long id to get', 'INVALID_INPUT', (db) => db.getAgent(long())],
  ['a long subject', 'INVALID_INPUT', (db) => db.createCertificate(certificateInput({ subject: long() }))],
  ['a long source', 'INVALID_INPUT', (db) => db.recordSecurityEvent(eventInput({ source: long() }))],
  ['a long address', 'INVALID_INPUT', (db) => db.createAgent(agent({ endpoints: [{ protocol: 'p', address: long(), port: 1 }] }))], // prettier-ignore
  ['a long default endpoint', 'INVALID_INPUT', (db) => db.createAgent(agent({ defaultEndpoint: long() }))],
  ['a long field', 'INVALID_INPUT', (db) => db.createAgent(Object.assign(agent({}), { [long()]: 1 }))],
  ['deep metadata', 'INVALID_INPUT', (db) => db.agents.setMetadata('a', { a: deep(100_000) })],
  ['wide metadata', undefined, (db) => db.agents.setMetadata('a', wide(100_000))],
  ['wider metadata', 'INVALID_INPUT', (db) => db.agents.setMetadata('a', wide(400_000))],
  ['a query by wide metadata', undefined, (db) => db.queryAgents({ metadata: wide(100_000) })],
  ['an object of 400,000 fields', 'INVALID_INPUT', (db) => db.createAgent(Object.assign(agent({}), wide(400_000)))],
  ['a list of 10 million holes', 'INVALID_INPUT', (db) => db.agents.getMany(holes(10_000_000))],
  ['10 million agents that are holes', 'INVALID_INPUT', (db) => createMany(db, holes(10_000_000))], // prettier-ignore
  ['100,000 agents that are none', undefined, (db) => createMany(db, holes(100_000), { onError: 'collect' })], // prettier-ignore
  ['a list of a million ids', 'INVALID_INPUT', (db) => db.agents.getMany(new Array<string>(1_000_000).fill('a'))],
  ['a list of 100,000 ids', undefined, (db) => db.queryAgents({ ids: Array.from({ length: 100_000 }, String) })],
  ['100,000 capabilities to have', undefined, (db) => db.queryAgents({ capabilities: Array.from({ length: 100_000 }, String), allCapabilities: true })], // prettier-ignore
  ['10,000 endpoints', undefined, (db) => db.updateAgent({ id: 'a', endpoints: Array.from({ length: 10_000 }, () => ({ protocol: 'p', address: 'a', port: 1 })) })], // prettier-ignore
  ['a range of 10,000 alternatives', undefined, (db) => db.queryAgents({ version: '>=1 || '.repeat(10_000) })],
  ['a range of 300 alternatives', 'INVALID_INPUT', (db) => db.queryAgents({ version: alternatives(300) })],
  ...['<', '>=', '1.', ' ', 'x', '1 - ', '~', '^', '=v', '1.2.3-', '0-0', '+a', '||'].map((part) => [`a range of "${part}"`, undefined, (db: DatabaseService) => db.queryAgents({ version: `${part.repeat(Math.floor(4090 / part.length))}1` })] as const), // prettier-ignore
  ['a version of 100,000 parts', undefined, (db) => db.createAgent(agent({ version: `1.0.0-${'0.'.repeat(1000)}1` }))],
  ['a cursor of 10 million characters', 'INVALID_INPUT', (db) => db.agents.page({}, { after: 'A'.repeat(10_000_000) })],
  ['the longest cursor', 'INVALID_INPUT', (db) => db.events.page({}, { after: Buffer.from('['.repeat(6_000_000)).toString('base64url') })], // prettier-ignore
  ['an offset and a limit beyond everything', undefined, (db) => db.queryAgents({ offset: 2 ** 53 - 1, limit: 2 ** 53 - 1 })], // prettier-ignore
  ['the same of certificates', undefined, (db) => db.certificates.query({ offset: 2 ** 53 - 1, limit: 2 ** 53 - 1 })],
  ['the same of events', undefined, (db) => db.events.query({ offset: 2 ** 53 - 1, limit: 2 ** 53 - 1 })],
  ['a change after every other', 'OUT_OF_RANGE', (db) => db.changes({ after: 2 ** 53 - 1 })],
  ['all that expires some time', undefined, (db) => db.certificates.expiring(2 ** 53 - 1)],
  ['all times', undefined, (db) => db.events.query({ from: new Date(-8.64e15), to: new Date(8.64e15) })],
  ['buckets of a millisecond', undefined, (db) => db.events.aggregate({}, { by: { bucketMs: 1 } })],
  ['large records', undefined, storeLargeRecords],
  ['all of the large records at once', 'RESULT_TOO_LARGE', (db) => db.queryAgents({ owner: 'large' })],
  ['many of the large records', 'RESULT_TOO_LARGE', (db) => db.agents.getMany(Array.from({ length: 8 }, (_, index) => `large ${index}`))], // prettier-ignore
  ['the large records one by one', undefined, readLargeRecords],
];

async function storeLargeRecords(db: DatabaseService): Promise<void> {
  for (let index = 0; index < 8; index += 1) {
    const text = String(index % 10).repeat(3_000_000);
    await db.createAgent(agent({ id: `large ${index}`, owner: 'large', description: text, metadata: { text } }));
  }
}

async function readLargeRecords(db: DatabaseService): Promise<void> {
  let length = 0;
  for await (const { description } of db.agents.iterate({ owner: 'large' })) length += description?.length ?? 0;
  if (length !== 24_000_000) throw new Error('large records are missing');
}

async function run(): Promise<void> {
  // A process with so little memory has to ask for shorter answers.
  const db = new DatabaseService({ url, limits: { answerLength: 16_777_216, nameLength: 262_144 } });
  await db.initialize();
  await db.createCertificate(certificateInput({ id: 'c', notAfter: new Date('9999-12-31T23:59:59.999Z') }));
  await db.createAgent(agent({ id: 'a' }));
  for (const [what, expected, attempt] of attempts) {
    if (which !== 'all' && slow.test(what)) continue;
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
  // It goes on working.
  const id = await db.createAgent(agent({}));
  const { ok } = await db.check();
  const isThere = (await db.getAgent(id)) !== null;
  await db.close();
  console.log(JSON.stringify({ what: 'the end', ok: ok && isThere }));
}

void run();
