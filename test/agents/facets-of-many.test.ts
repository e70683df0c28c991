import { agentInput, createCertificate } from '../support/factories';
import { shareTestDatabase } from '../support/test-database';

// PostgreSQL reads the rows of more than 2,000 matching agents in another way.
const agentCount = 2400;

const shared = shareTestDatabase({}, async ({ db }) => {
  const certificateId = await createCertificate(db);
  const agents = Array.from({ length: agentCount }, (_, index) =>
    agentInput({
      certificateId,
      capabilities: index % 4 === 0 ? ['all', 'few'] : ['all'],
      metadata: { tier: index % 3, other: index },
      endpoints: ['https', index % 2 === 0 ? 'grpc' : 'https'].map((protocol) => ({
        protocol,
        address: 'host',
        port: 1,
      })),
    }),
  );
  await db.agents.createMany(agents);
});

test.each([
  ['all', agentCount],
  ['few', agentCount / 4],
])(
  'agents.facets returns correct counts whether many or few agents match: capability %s',
  async (capability, count) => {
    const third = count / 3;
    const [capabilities, protocols, health, tiers] = await shared().db.agents.facets({ capabilities: [capability] }, [
      { by: 'capability' },
      { by: 'protocol' },
      { by: 'health' },
      { by: { metadata: 'tier' } },
    ]);
    expect(capabilities.buckets).toContainEqual({ key: capability, count });
    const grpc = capability === 'all' ? count / 2 : count;
    expect(protocols.buckets.toSorted((one, other) => other.key.localeCompare(one.key))).toEqual([
      { key: 'https', count },
      { key: 'grpc', count: grpc },
    ]);
    expect(health.buckets).toEqual([{ key: 'UNKNOWN', count }]);
    expect(tiers.buckets).toEqual([0, 1, 2].map((key) => ({ key, count: third })));
  },
);
