import type { AgentRecord, ResolutionQuery } from '../../src';
import { emptyDirectory } from '../model/prediction';
import { findAgents } from '../model/resolution-model';
import { agentInput, createCertificate } from '../support/factories';
import { shareTestDatabase, type TestDatabase } from '../support/test-database';

const nowMs = Date.UTC(2026, 0, 1);
const names = ['Amber Falcon', 'Brisk Falcon', 'Calm Otter'];
const shared = shareTestDatabase({ now: () => nowMs }, fill);

// Every combination of values exists.
async function fill({ db }: TestDatabase): Promise<void> {
  const certificateId = await createCertificate(db);
  const agentAt = (place: number) => {
    const bit = (index: number): boolean => ((place >> index) & 1) === 1;
    return agentInput({
      certificateId,
      id: `agent-${place}`,
      name: names[place % 3] ?? '',
      owner: bit(0) ? 'one' : 'other',
      capabilities: [...(bit(1) ? ['read'] : []), ...(bit(2) ? ['write'] : [])],
      metadata: bit(3) ? { region: 'eu' } : { region: 'us' },
      endpoints: [{ protocol: bit(4) ? 'https' : 'mcp', address: 'x', port: 1 }],
      version: bit(5) ? '1.2.0' : '2.0.0',
      status: place % 5 === 0 ? 'SUSPENDED' : 'ACTIVE',
      updatedAt: new Date(nowMs - (place % 50) * 1000),
    });
  };
  await db.agents.createMany(Array.from({ length: 192 }, (_, place) => agentAt(place)));
}

const choices: readonly ResolutionQuery[][] = [
  [{}, { owner: 'one' }],
  [{}, { exactName: 'Calm Otter' }, { name: 'falcon' }, { name: 'ot' }],
  [
    {},
    { capabilities: ['read', 'write'] },
    { capabilities: ['read', 'write'], allCapabilities: true },
    { capabilities: ['write', 'unknown'], allCapabilities: true },
  ],
  [{}, { metadata: { region: 'eu' } }],
  [{}, { protocol: 'https', version: '^1.0.0', status: ['ACTIVE'] }],
];

/** Returns every combination of one choice from each list. */
function combine([first, ...rest]: readonly ResolutionQuery[][]): ResolutionQuery[] {
  if (first === undefined) return [{}];
  return combine(rest).flatMap((query) => first.map((choice) => ({ ...choice, ...query })));
}

describe('queryAgents with several fields', () => {
  test.each([
    ['newest first, with a limit', { limit: 7 }],
    ['in the order of versions, with an offset', { orderBy: 'version', offset: 2 }],
  ] satisfies [string, ResolutionQuery][])('returns the agents that match all of them: %s', async (_, range) => {
    const { db } = shared();
    const agents = new Map<string, AgentRecord>();
    for await (const agent of db.agents.iterate()) agents.set(agent.id, agent);
    const settings = { nowMs, lifetimeMs: 0, maxResults: 1000 };
    for (const choice of combine(choices)) {
      const query = { ...choice, ...range };
      const found = findAgents({ ...emptyDirectory, agents }, query, settings);
      const { limit = found.length, offset = 0 }: ResolutionQuery = range;
      const expected = found.slice(offset, offset + limit).map(({ id }) => id);
      const received = (await db.queryAgents(query)).map(({ id }) => id);
      expect({ query, ids: received, count: await db.agents.count(query) }).toEqual({
        query,
        ids: expected,
        count: found.length,
      });
    }
  });
});
