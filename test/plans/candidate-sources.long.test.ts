import type { AgentInput, AgentOrderField, ResolutionQuery } from '../../src';
import { agentInput, createCertificate } from '../support/factories';
import { shareTestDatabase, type TestDatabase } from '../support/test-database';

/*
 * A resolution uses a selective candidate source, a scan in the requested order, or the fallback. The test has enough
 * agents for each of these, and enough agents with the same updatedAt for ties to matter.
 */
const count = 7000;
const dayMs = 86_400_000;

interface Known extends AgentInput {
  readonly id: string;
  readonly capabilities: string[];
  readonly metadata: { parity: number; rest: number };
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly expiresAt: Date;
  readonly status: 'ACTIVE' | 'SUSPENDED';
  readonly version: string;
}

const known: Known[] = [];

async function fill({ db }: TestDatabase): Promise<void> {
  const certificateId = await createCertificate(db);
  for (let index = 0; index < count; index += 1) {
    // The order of insertion is not the order of any column.
    const place = (index * 2741) % count;
    known.push({
      ...agentInput({ certificateId }),
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
  }
  await db.agents.createMany(known);
}

const shared = shareTestDatabase({}, fill);

function matches(agent: Known, query: ResolutionQuery): boolean {
  const { name, owner, capabilities, allCapabilities = false, metadata, protocol, status } = query;
  const has = (capability: string): boolean => agent.capabilities.includes(capability);
  return (
    (name === undefined || agent.name.toLowerCase().includes(name.toLowerCase())) &&
    (owner === undefined || agent.owner === owner) &&
    (status === undefined || status.some((each) => each === agent.status)) &&
    (capabilities === undefined || (allCapabilities ? capabilities.every(has) : capabilities.some(has))) &&
    Object.entries(metadata ?? {}).every(([key, value]) => Reflect.get(agent.metadata, key) === value) &&
    (protocol === undefined || agent.endpoints?.[0]?.protocol === protocol)
  );
}

function valueOf(agent: Known, field: AgentOrderField): string | number {
  if (field === 'version') return Number(agent.version.split('.')[1]);
  const value = agent[field];
  return value instanceof Date ? value.getTime() : value;
}

function expectedIds(query: ResolutionQuery): string[] {
  const { orderBy = 'updatedAt', limit, offset = 0 } = query;
  const field = orderBy as AgentOrderField;
  const direction = query.orderDirection ?? (query.orderBy === undefined ? 'desc' : 'asc');
  const sorted = known
    .filter((agent) => matches(agent, query))
    .toSorted((a, b) => {
      const [first, second] = [valueOf(a, field), valueOf(b, field)];
      if (first !== second) return (first < second ? -1 : 1) * (direction === 'asc' ? 1 : -1);
      return a.id < b.id ? -1 : 1;
    });
  return sorted.slice(offset, limit === undefined ? undefined : offset + limit).map(({ id }) => id);
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
  test.each(orders)('returns the agents that match in the order %j', async (order) => {
    const { db } = shared();
    for (const range of [{ limit: 20 }, { limit: 7, offset: 40 }, { limit: 300 }, { offset: 3 }]) {
      const query: ResolutionQuery = { ...filter, ...order, ...range };
      expect((await db.queryAgents(query)).map(({ id }) => id)).toEqual(expectedIds(query));
    }
  });

  test('counts the agents that match and returns them page by page', async () => {
    const { db } = shared();
    const all = expectedIds(filter);
    expect(await db.agents.count(filter)).toBe(all.length);
    const paged: string[] = [];
    for (let after: string | undefined; ;) {
      const { items, nextCursor } = await db.agents.page(filter, { after, size: 250 });
      paged.push(...items.map(({ id }) => id));
      if (nextCursor === undefined) break;
      after = nextCursor;
    }
    expect(paged).toEqual(all);
  });
});
