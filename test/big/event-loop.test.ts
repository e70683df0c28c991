import { capabilityOf, certificateId } from '../../scripts/bench/data';
import type { AgentInput, DatabaseService, JsonValue } from '../../src';
import { longestCpuBlockMs, noCpuBlock } from '../support/cpu-block';
import { onPostgresql } from '../support/engine';
import { certificateInput, eventInput } from '../support/factories';
import { changeRaw } from '../support/raw-writer';
import { describeUnless } from '../support/skip';
import { shareTestDatabase, type TestDatabase } from '../support/test-database';
import { bigAgent, bigCertificate, bigEvent, pruneTime } from './big-data';

const count = Number(process.env['BIG_AGENTS'] ?? 100_000);
const sizes = { agents: count, events: count };
/** The limit is 100 ms of CPU time. Inside Jest's context the same call takes four times as long: 290 instead of 72 ms. */
const longestMs = 4 * 100;

async function fill({ db }: TestDatabase): Promise<void> {
  const places = (start: number, length: number): number[] => Array.from({ length }, (_, index) => start + index);
  for (let start = 0; start < count; start += 1000) {
    await db.transaction(async (tx) => {
      for (const place of places(start, 1000)) await tx.certificates.create(bigCertificate(place));
    });
  }
  for (let start = 0; start < count; start += 5000) {
    const agents = places(start, 5000).map((place) => bigAgent(place, sizes));
    await db.agents.createMany(agents, { allowRevokedCertificate: true });
    await db.events.recordMany(places(start, 5000).map((place) => bigEvent(place, sizes)));
  }
}

const agent = (fields: Partial<AgentInput>): AgentInput => ({
  ...{ name: 'n', publicKey: 'k', certificateId: certificateId(5), version: '1.0.0', owner: 'o' },
  ...fields,
});
const keys = (length: number): Record<string, JsonValue> =>
  Object.fromEntries(Array.from({ length }, (_, index) => [`k${index}`, index]));
const capabilities = Array.from({ length: 500 }, (_, rank) => capabilityOf(rank));
const absent = Array.from({ length: 100_000 }, (_, index) => `absent-${index}`);
const manyValues = Array.from({ length: 99_999 }, () => ({}));
const alternatives = Array.from({ length: 99 }, (_, index) => `${index + 10}.9.9`).join('||');

type Call = readonly [what: string, call: (db: DatabaseService) => Promise<unknown>];

const reads: readonly Call[] = [
  ['agents by a name of the maximum length', (db) => db.queryAgents({ name: 'n'.repeat(1024) })],
  ['agents by a part of most names', (db) => db.queryAgents({ name: 'a', orderBy: 'version', limit: 1000 })],
  [
    'agents by every filter at once',
    (db) =>
      db.queryAgents({
        ...{ name: 'absent', owner: 'owner-0', capabilities: ['none'], protocol: 'https', health: ['HEALTHY'] },
        ...{ metadata: { none: 1 }, version: '^99', status: ['ACTIVE'], expiresAfter: new Date(0) },
      }),
  ],
  ['agents by 99 alternative versions', (db) => db.queryAgents({ version: alternatives })],
  ['agents by all capabilities', (db) => db.queryAgents({ capabilities, orderBy: 'version', limit: 100 })],
  ['agents by 100,000 capabilities', (db) => db.queryAgents({ capabilities: absent })],
  ['agents by 100,000 ids', (db) => db.queryAgents({ ids: absent })],
  ['100,000 agents by getMany', (db) => db.agents.getMany(absent)],
  ['agents at a high offset', (db) => db.queryAgents({ offset: count - 1000, limit: 1000 })],
  ['a page of 1,000 agents', (db) => db.agents.page({ orderBy: 'name' }, { size: 1000 })],
  ['a count of the agents with any capability', (db) => db.agents.count({ capabilities })],
  ['a count by endpoint', (db) => db.agents.count({ protocol: 'https', health: ['HEALTHY'] })],
  ['certificates by a common subject', (db) => db.certificates.query({ subject: 'c', limit: 1000 })],
  ['a count of mitigated events', (db) => db.events.count({ mitigationApplied: true })],
  ...(['severity', 'source', 'target', { bucketMs: 3_600_000 }] as const).map((by): Call => {
    return [`events by ${JSON.stringify(by)}`, (db) => db.events.aggregate({}, { by })];
  }),
  ['the verification of the chain', (db) => db.events.verify()],
  ['a check', (db) => db.check()],
  ['all agents, one by one', async (db) => { for await (const { id } of db.agents.iterate()) expect(id).not.toBe(''); }], // prettier-ignore
];

const writes: readonly Call[] = [
  ['an agent with 100,000 values', (db) => db.createAgent(agent({ metadata: { a: manyValues } }))],
  ['an agent with 50,000 keys', (db) => db.createAgent(agent({ id: 'keys', metadata: keys(50_000) }))],
  ['50,000 other keys', (db) => db.agents.setMetadata('keys', keys(50_000))],
  ['one more key', (db) => db.agents.mergeMetadata('keys', { one: 1 })],
  ['the deletion of an agent with 50,000 keys', (db) => db.deleteAgent('keys')],
  ['an agent with 10,000 capabilities', (db) => db.createAgent(agent({ capabilities: absent.slice(0, 10_000) }))],
  ['an event with 50,000 keys', (db) => db.recordSecurityEvent(eventInput({ metadata: keys(50_000) }))],
  [
    '1,000 new agents',
    (db) => db.agents.createMany(Array.from({ length: 1000 }, () => agent({ capabilities: ['a', 'b'] }))),
  ],
  ['the expiry of all due agents', (db) => db.agents.expireDue()],
  ['the expiry of all due certificates', (db) => db.certificates.expireDue()],
  ['the pruning of all old events', (db) => db.events.prune({ before: pruneTime(sizes) })],
];

describeUnless(noCpuBlock, `the event loop with ${count} agents`, () => {
  // The time limit also applies to filling the database, which takes minutes.
  jest.setTimeout(20 * 60_000);
  const shared = shareTestDatabase({}, fill);

  test.each(reads)('this read does not block the event loop: %s', async (_, call) => {
    expect(await longestCpuBlockMs(() => call(shared().db))).toBeLessThan(longestMs);
  });

  test.each(writes)('this write does not block the event loop: %s', async (_, call) => {
    expect(await longestCpuBlockMs(() => call(shared().db))).toBeLessThan(longestMs);
  });

  test('a change of all agents of a certificate does not block the event loop', async () => {
    const { db } = shared();
    const [id, other] = [certificateId(1), certificateId(2)];
    await changeRaw(shared(), `UPDATE agents SET certificate_id = '${id}', status = 'ACTIVE'`);
    const revoke = (): Promise<unknown> => db.certificates.revoke(id, { reason: 'unspecified', agents: 'suspend' });
    // The call sorts and returns the ids of all changed agents without yielding to the event loop.
    expect(await longestCpuBlockMs(revoke)).toBeLessThan(onPostgresql ? 1.5 * longestMs : longestMs);
    await changeRaw(shared(), `UPDATE agents SET certificate_id = '${other}', status = 'ACTIVE'`);
    const rotate = (): Promise<unknown> => db.certificates.rotate(other, certificateInput());
    expect(await longestCpuBlockMs(rotate)).toBeLessThan(onPostgresql ? 1.5 * longestMs : longestMs);
  });
});
