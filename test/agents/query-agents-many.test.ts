import type { ResolutionQuery } from '../../src';
import { agentInput, createCertificate } from '../support/factories';
import { shareTestDatabase, type TestDatabase } from '../support/test-database';

/** More agents match each field than a selective candidate source may have. */
const count = 1100;
const first = 50;
const last = 1050;

const shared = shareTestDatabase({}, fill);

const idOf = (index: number): string => `agent-${String(index).padStart(4, '0')}`;

// Two groups of 1050 agents share 1000 agents. No order of a column is the order of insertion.
async function fill({ db }: TestDatabase): Promise<void> {
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
      endpoints: [{ protocol: isEarly ? 'early' : 'other', address: 'host', port: 1 }],
    });
  };
  await db.agents.createMany(Array.from({ length: count }, (_, index) => agentAt((index * 709) % count)));
}

const early = [0, last] as const;
const both = [first, last] as const;

describe('queryAgents with more candidates than the selective limit', () => {
  test.each<[ResolutionQuery, readonly [from: number, to: number]]>([
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
  ])('returns all agents that match %j', async (query, [from, to]) => {
    const { db } = shared();
    const expected = Array.from({ length: to - from }, (_, index) => idOf(from + index));
    const idsOf = async (range: ResolutionQuery): Promise<string[]> => {
      return (await db.queryAgents({ ...query, orderBy: 'id', ...range })).map(({ id }) => id);
    };
    expect(await idsOf({})).toEqual(expected);
    expect(await idsOf({ limit: 20, offset: 7 })).toEqual(expected.slice(7, 27));
    expect(await idsOf({ limit: 20, orderDirection: 'desc' })).toEqual(expected.toReversed().slice(0, 20));
    expect(await db.agents.count(query)).toBe(expected.length);
  });
});
