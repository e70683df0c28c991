import type { AgentRecord, ResolutionQuery } from '../../src';
import { emptyDirectory } from '../model/prediction';
import { findAgents } from '../model/resolution-model';
import { agentInput, createCertificate } from '../support/factories';
import { allPages } from '../support/pages';
import { shareTestDatabase, type TestDatabase } from '../support/test-database';

/*
 * A resolution uses a selective candidate source, a scan in the requested order, or the fallback. The test has enough
 * agents for each of these, and enough agents with the same updatedAt for ties to matter.
 */
const count = 7000;
const dayMs = 86_400_000;

const settings = { nowMs: 0, lifetimeMs: 0, maxResults: count };
let directory = emptyDirectory;

async function fill({ db }: TestDatabase): Promise<void> {
  const certificateId = await createCertificate(db);
  const agentAt = (place: number) =>
    agentInput({
      certificateId,
      id: `agent-${String(place).padStart(5, '0')}`,
      // Every fourth agent is a lantern. Every fifth of the oldest 6000 agents is rusty, and no other agent is.
      name: `${place % 4 === 0 ? 'Lantern' : 'Anchor'} ${place % 5 === 0 && place < 6000 ? 'Rusty' : 'Shiny'} ${place.toString(36)}`,
      owner: place % 7 === 0 ? 'small' : 'large',
      version: `1.${place % 100}.0`,
      status: place % 10 === 0 ? 'SUSPENDED' : 'ACTIVE',
      // Only the oldest 1800 agents have the capability `old`.
      capabilities: [
        ...(place < 1800 ? ['old'] : []),
        ...(place % 2 === 0 ? ['even'] : ['odd']),
        ...(place % 900 === 0 ? ['rare'] : []),
        'every',
      ],
      metadata: { parity: place % 2, rest: place % 3 },
      endpoints: [{ protocol: place % 3 === 0 ? 'https' : 'grpc', address: 'host', port: 443 }],
      createdAt: new Date(place * dayMs),
      // The newer half of the agents has the same updatedAt.
      updatedAt: new Date(Math.min(place, count / 2) * dayMs),
      expiresAt: new Date((count * 2 - place) * dayMs),
    });
  // The order of insertion is not the order of any column.
  await db.agents.createMany(Array.from({ length: count }, (_, index) => agentAt((index * 2741) % count)));
  const agents = new Map<string, AgentRecord>();
  for await (const agent of db.agents.iterate()) agents.set(agent.id, agent);
  directory = { ...emptyDirectory, agents };
}

const shared = shareTestDatabase({}, fill);

function idsOf(agents: readonly AgentRecord[]): string[] {
  return agents.map(({ id }) => id);
}

const filters: readonly ResolutionQuery[] = [
  { name: 'lantern' },
  { name: 'lantern', capabilities: ['even', 'odd'] },
  { name: 'rusty', capabilities: ['odd'] },
  { name: 'lantern rusty', capabilities: ['old'] },
  { name: 'n', capabilities: ['old'] },
  { name: 'absent', capabilities: ['even'] },
  { name: 'lantern', capabilities: ['rare', 'old'], allCapabilities: true },
  { capabilities: ['old', 'even'], allCapabilities: true },
  { capabilities: ['even', 'odd'], allCapabilities: true },
  { capabilities: ['every'], allCapabilities: true, name: 'rusty' },
  { capabilities: ['every', 'unknown'], allCapabilities: true },
  { capabilities: ['old'], owner: 'large', status: ['ACTIVE'] },
  { name: 'rusty', owner: 'small' },
  { metadata: { parity: 0, rest: 1 } },
  { metadata: { parity: 0 }, capabilities: ['old'], protocol: 'https' },
  { protocol: 'grpc', name: 'lantern' },
  { status: ['SUSPENDED'] },
  { status: ['ACTIVE'] },
  { status: ['ACTIVE', 'SUSPENDED'], owner: 'large' },
  { status: ['ACTIVE', 'SUSPENDED'] },
];

const orders = [
  {},
  { orderDirection: 'asc' },
  { orderBy: 'id', orderDirection: 'desc' },
  { orderBy: 'name' },
  { orderBy: 'owner', orderDirection: 'desc' },
  { orderBy: 'status' },
  { orderBy: 'status', orderDirection: 'desc' },
  { orderBy: 'version' },
  { orderBy: 'version', orderDirection: 'desc' },
  { orderBy: 'createdAt', orderDirection: 'desc' },
  { orderBy: 'expiresAt' },
] satisfies ResolutionQuery[];

describe.each(filters)('Among thousands of agents, the query %j', (filter) => {
  test.each(orders)('the query returns the matching agents among thousands in the order %j', async (order) => {
    const { db } = shared();
    const query = { ...filter, ...order };
    const expected = idsOf(findAgents(directory, settings, query));
    for (const range of [{ limit: 20 }, { limit: 7, offset: 40 }, { limit: 300 }, { offset: 3 }]) {
      const { limit = count, offset = 0 }: ResolutionQuery = range;
      expect(idsOf(await db.queryAgents({ ...query, ...range }))).toEqual(expected.slice(offset, offset + limit));
    }
  });

  test('the query counts the matching agents among thousands and returns them page by page', async () => {
    const { db } = shared();
    const all = idsOf(findAgents(directory, settings, filter));
    expect(await db.agents.count(filter)).toBe(all.length);
    expect(idsOf(await allPages((page) => db.agents.page(filter, page), 250))).toEqual(all);
  });
});
