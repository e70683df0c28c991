import type { AgentRecord, ResolutionQuery } from '../../src';
import { emptyDirectory } from '../model/prediction';
import { findAgents } from '../model/resolution-model';
import { agentInput, createCertificate } from '../support/factories';
import { sampled } from '../support/sampled';
import { shareTestDatabase, type TestDatabase } from '../support/test-database';

const nowMs = Date.UTC(2026, 0, 1);
const names = ['Amber Falcon', 'Brisk Falcon', 'Calm Otter'];

// The 192 agents cover every combination of name, owner, capabilities, metadata, protocol and version.
async function fill({ db }: TestDatabase): Promise<void> {
  const certificateId = await createCertificate(db, { id: 'valid' });
  const suspendedId = await createCertificate(db, { id: 'suspended', status: 'SUSPENDED' });
  const agentAt = (place: number) => {
    const bit = (index: number): boolean => ((place >> index) & 1) === 1;
    const endpoint = { protocol: bit(4) ? 'https' : 'mcp', address: place % 5 < 2 ? 'x' : 'y', port: 1 };
    return agentInput({
      certificateId: place % 7 < 3 ? suspendedId : certificateId,
      id: `agent-${place}`,
      name: names[place % 3] ?? '',
      owner: bit(0) ? 'one' : 'other',
      capabilities: [...(bit(1) ? ['read'] : []), ...(bit(2) ? ['write'] : [])],
      metadata: bit(3) ? { region: 'eu' } : { region: 'us' },
      endpoints: place % 11 === 0 ? [] : [endpoint],
      version: bit(5) ? '1.2.0' : '2.0.0',
      status: place % 5 === 0 ? 'SUSPENDED' : 'ACTIVE',
      createdAt: new Date(nowMs - 60_000 - (place % 13) * 1000),
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

const furtherChoices: readonly ResolutionQuery[][] = [
  [{}, { owners: ['one', 'none'] }],
  [{}, { names: ['Amber Falcon', 'Calm Otter'] }],
  [{}, { address: 'x' }, { hasEndpoint: true }, { hasEndpoint: false }],
  [{}, { certificateStatus: ['SUSPENDED', 'EXPIRED'] }],
  [{}, { createdAfter: new Date(nowMs - 70_000), updatedBefore: new Date(nowMs - 2000) }],
  [{}, { latest: true }],
  [
    {},
    { not: { owners: ['one'], metadata: { region: 'eu' } } },
    { not: { latest: true, capabilities: ['read', 'write'], allCapabilities: true } },
    { not: { name: 'calm', address: 'y', certificateStatus: ['VALID'], hasEndpoint: true } },
  ],
  [{}, { name: 'falcon', capabilities: ['read'], metadata: { region: 'us' }, protocol: 'mcp' }],
];

/** Returns every combination of one choice from each list. */
function combine([first, ...rest]: readonly ResolutionQuery[][]): ResolutionQuery[] {
  if (first === undefined) return [{}];
  return combine(rest).flatMap((query) => first.map((choice) => ({ ...choice, ...query })));
}

describe('queryAgents with several fields', () => {
  const shared = shareTestDatabase({ now: () => nowMs }, fill);

  test.each([
    ['newest first, with a limit', { limit: 7 }],
    ['in the order of versions, with an offset', { orderBy: 'version', offset: 2 }],
  ] satisfies [string, ResolutionQuery][])(
    'queryAgents returns the agents that match all fields: %s',
    async (_, range) => {
      const { db } = shared();
      const agents = new Map<string, AgentRecord>();
      for await (const agent of db.agents.iterate()) agents.set(agent.id, agent);
      const certificates = new Map((await db.certificates.query()).map((certificate) => [certificate.id, certificate]));
      const directory = { ...emptyDirectory, agents, certificates };
      const settings = { nowMs, lifetimeMs: 0, maxResults: 1000 };
      // Tests one of 17 combinations of the further choices, because there are very many.
      const further = combine(furtherChoices).filter((_, place) => place % 17 === 0);
      for (const choice of sampled([...combine(choices), ...further], 7)) {
        const query = { ...choice, ...range };
        const found = findAgents(directory, settings, query);
        const { limit = found.length, offset = 0 }: ResolutionQuery = range;
        const expected = found.slice(offset, offset + limit).map(({ id }) => id);
        const received = (await db.queryAgents(query)).map(({ id }) => id);
        expect({ query, ids: received, count: await db.agents.count(query) }).toEqual({
          query,
          ids: expected,
          count: found.length,
        });
      }
    },
  );
});

/** Number of agents. Every filter value below matches at least 1050 of them: more than the selective limit of 1000. */
const count = 1100;
const first = 50;
const last = 1050;

const idOf = (index: number): string => `agent-${String(index).padStart(4, '0')}`;

// The early and the late agents are two groups of 1050 agents that have 1000 agents in common.
// The order of insertion is not the order of any column.
async function fillMany({ db }: TestDatabase): Promise<void> {
  const certificateId = await createCertificate(db);
  const agentAt = (index: number) => {
    const [isEarly, isLate] = [index < last, index >= first];
    return agentInput({
      certificateId,
      id: idOf(index),
      name: isEarly ? 'Early Lantern' : 'Anchor',
      owner: isLate ? 'late' : 'other',
      capabilities: [...(isEarly ? ['early'] : []), ...(isLate ? ['late'] : [])],
      metadata: { ...(isEarly ? { early: 1 } : {}), ...(isLate ? { late: 1 } : {}) },
      endpoints: [{ protocol: isEarly ? 'early' : 'other', address: isEarly ? 'near' : 'far', port: 1 }],
    });
  };
  await db.agents.createMany(Array.from({ length: count }, (_, index) => agentAt((index * 709) % count)));
}

const early = [0, last] as const;
const both = [first, last] as const;

const longAgo = new Date(0);
const inFuture = new Date(Date.UTC(9000, 0, 1));
const manyFields = {
  ...{ name: 'lantern', names: ['Early Lantern'], owners: ['late', 'none'], status: ['ACTIVE'] },
  ...{ capabilities: ['early', 'late'], allCapabilities: true, metadata: { early: 1, late: 1 }, version: '^1.0.0' },
  ...{ protocol: 'early', address: 'near', health: ['UNKNOWN'], hasEndpoint: true, certificateStatus: ['VALID'] },
  ...{ createdAfter: longAgo, createdBefore: inFuture, updatedAfter: longAgo, updatedBefore: inFuture },
  ...{ expiresAfter: longAgo, expiresBefore: inFuture, includeExpired: false },
} satisfies ResolutionQuery;
const everyField: ResolutionQuery = {
  ...manyFields,
  not: { ...manyFields, exactName: 'Anchor', owner: 'other', ids: ['none'], fingerprint: 'AB', latest: true },
};

describe('queryAgents with more candidates than the selective limit', () => {
  const shared = shareTestDatabase({}, fillMany);

  const queries: readonly [ResolutionQuery, readonly [from: number, to: number]][] = [
    [{ name: 'lantern' }, early],
    [{ name: 'la' }, early],
    [{ capabilities: ['early'] }, early],
    [{ capabilities: ['early', 'late'] }, [0, count]],
    [{ capabilities: ['early', 'late'], allCapabilities: true }, both],
    [{ metadata: { early: 1 } }, early],
    [{ metadata: { early: 1, late: 1 } }, both],
    [{ protocol: 'early' }, early],
    [{ exactName: 'Early Lantern', owner: 'late', protocol: 'early' }, both],
    [{ owner: 'late', capabilities: ['early'] }, both],
    [{ name: 'lantern', capabilities: ['late'] }, both],
    [{ protocol: 'early', metadata: { late: 1 }, health: ['UNKNOWN'] }, both],
    [{ owners: ['late', 'none'], names: ['Early Lantern'] }, both],
    [{ address: 'near' }, early],
    [{ address: 'near', capabilities: ['late'] }, both],
    [{ certificateStatus: ['VALID'], hasEndpoint: true, protocol: 'early' }, early],
    [{ address: 'near', not: { owner: 'other' } }, both],
    [{ capabilities: ['late'], not: { name: 'anchor', metadata: { late: 1 }, address: 'far' } }, both],
    [everyField, both],
  ];

  test.each(sampled(queries, 3))(
    'queryAgents returns every matching agent, also when many agents match each field: %j',
    async (query, [from, to]) => {
      const { db } = shared();
      const expected = Array.from({ length: to - from }, (_, index) => idOf(from + index));
      const idsOf = async (range: ResolutionQuery): Promise<string[]> => {
        return (await db.queryAgents({ ...query, orderBy: 'id', ...range })).map(({ id }) => id);
      };
      expect(await idsOf({})).toEqual(expected);
      expect(await idsOf({ limit: 20, offset: 7 })).toEqual(expected.slice(7, 27));
      expect(await idsOf({ limit: 20, orderDirection: 'desc' })).toEqual(expected.toReversed().slice(0, 20));
      expect(await db.agents.count(query)).toBe(expected.length);
    },
  );
});
