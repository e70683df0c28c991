import semver from 'semver';
import type { ResolutionQuery } from '../../src';
import { createAgents } from '../support/factories';
import { allPages } from '../support/pages';
import { shareTestDatabase } from '../support/test-database';

/** The versions of the agents. Each version is also the id of its agent. */
// prettier-ignore
const versions = [
  '0.0.0', '0.0.0-0', '0.0.1', '0.1.0', '0.1.2-alpha', '1.0.0', '1.0.0+build.1', '1.0.0-alpha', '1.0.0-alpha.1',
  '1.0.0-alpha.beta', '1.0.0-beta.2', '1.0.0-beta.11', '1.0.0-rc.1+sha.5114f85', '1.2.3', '1.2.3-0', '1.2.3--',
  '1.2.4-beta', '1.2.10', '1.10.0', 'v1.5.0', '=1.6.0', ' 1.7.0 ', '2.0.0-rc.1', '2.0.0', '2.1.0-rc.1', '3.0.0-A.b',
  '3.0.0-a.B', '10.0.0', '9007199254740991.0.0', '1.0.0-9007199254740990', '1.0.0-99999999999999999999', '2025.10.23',
  '2025.10.23.1321', '01.2.3', '1.1', '1', 'v2', '0.5.2rc4', '1.0.1º', 'latest', 'auto', '^1.0.0', '>=1 <3', '*',
  '1.x', 'zebra', ' v1.0.0 ', '\t1.5.0-rc.1\n', `1.0.0-${'x'.repeat(300)}`, 'V1.0.0', 'v 1.0.0',
  '9007199254740992.0.0',
];

// prettier-ignore
const ranges = [
  '*', ' ', 'x', '1', '1.x', '1.2.x', '1.X.x', '^1.2.0', '^1.2.3-0', '^0.1.2-alpha', '^0.0.1', '^0', '~1.2.3', '~1.2',
  '~1', '~>1.2', '>=1 <3', '>=1.0.0-alpha <1.0.0', '>1.0.0-beta.2', '>=1.0.0-beta.2 <=1.0.0-beta.11',
  '>1.0.0-alpha.1 <1.0.0-alpha.beta', '<1.0.0-alpha.beta', '<1', '<=1', '>1', '>=2.0.0-rc.1', '=1.2.3', 'v1.2.3',
  '1.2.3', '1.0.0', '1.0.0+other', '1.0.0-alpha', '1.2.3 - 2.0.0', '1.2 - 2', '1.0.0-alpha - 2.0.0-rc.1',
  '1.2.3 || 2.0.0', '^0.1.0 || >=10', '<0.0.0-0', '>=0.0.0-0', '>1.2.3 <1.2.3', '>=3.0.0-A.b <3.0.0-a.B',
  '>=1.0.0-9007199254740990', '>=2025', '2025.10.x', '>9007199254740990', '1.2.3--', '>=1.2.3-- <1.2.3',
  '>1.2.4-beta <2.1.0-rc.2', ' v1.5.0 ', '<=v1.5.0', 'v1.0.0 || v2.0.0',
];

// prettier-ignore
const notRanges = [
  'latest', '1.0.1º', 'auto', '2025.10.23.1321', '01.2.3', '0.5.2rc4', '^^1', '>=', 'v', '1..2', '%', '_',
];

const shared = shareTestDatabase({}, ({ db }) => createAgents(db, versions, (version) => ({ version })));

async function found(version: string): Promise<string[]> {
  const agents = await shared().db.queryAgents({ version });
  return agents.map((agent) => agent.version).sort();
}

describe('version ranges', () => {
  test.each(ranges)(
    'the filter `version` matches the versions that semver.satisfies accepts for the range %j',
    async (range) => {
      expect(semver.validRange(range)).not.toBeNull();
      const expected = versions.filter((version) => version === range || semver.satisfies(version, range));
      expect(await found(range)).toEqual(expected.sort());
    },
  );

  test.each(notRanges)(
    'the filter `version` matches only the equal version when the value is not a range: %j',
    async (text) => {
      expect(semver.validRange(text)).toBeNull();
      expect(await found(text)).toEqual(versions.filter((version) => version === text));
    },
  );

  test.each(versions)('the filter `version` matches the agent whose version is %j', async (version) => {
    expect(await found(version)).toContain(version);
  });

  test('the filter `version` distinguishes prereleases and letter case, and ignores a leading v and blanks', async () => {
    expect(await found('1.0.0-alpha')).toEqual(['1.0.0-alpha']);
    expect(await found('^1.0.0')).toContain('^1.0.0');
    expect(await found('1.0.0')).toEqual([' v1.0.0 ', '1.0.0', '1.0.0+build.1']);
    expect(await found('>=1.5.0-0 <1.5.0')).toEqual(['\t1.5.0-rc.1\n']);
    expect(await found('LATEST')).toEqual([]);
  });

  test('the filter `version` accepts a range of a hundred alternatives', async () => {
    const alternatives = Array.from({ length: 100 }, (_, index) => `1.${index}.3`).join(' || ');
    expect(await found(alternatives)).toEqual(['1.2.3']);
  });

  test('the filter `version` works together with other fields of the query', async () => {
    const query = { ids: ['1.2.3', '2.0.0'], version: '^1.0.0', orderBy: 'id' } as const;
    expect((await shared().db.queryAgents(query)).map(({ id }) => id)).toEqual(['1.2.3']);
  });
});

describe('orderBy version', () => {
  const semantic = versions.filter((version) => semver.valid(version) !== null);
  const others = versions.filter((version) => semver.valid(version) === null).sort();
  // Semver ignores build metadata in comparisons. The ids, which are the versions, break these ties.
  const byId = (a: string, b: string) => (a < b ? -1 : 1);
  const ascending = semantic.toSorted((a, b) => semver.compare(a, b) || byId(a, b));
  const descending = semantic.toSorted((a, b) => semver.compare(b, a) || byId(a, b));

  test.each([
    ['asc', ascending],
    ['desc', descending],
  ] as const)(
    'orderBy version sorts semantic versions as semver does, then all other versions: %s',
    async (orderDirection, ids) => {
      const { db } = shared();
      const query = { orderBy: 'version', orderDirection } as const;
      expect(others.length).toBeGreaterThan(10);
      expect((await db.queryAgents(query)).map(({ id }) => id)).toEqual([...ids, ...others]);
      const paged = await allPages((page) => db.agents.page(query, page), 7);
      expect(paged.map(({ id }) => id)).toEqual([...ids, ...others]);
    },
  );

  test('orderBy version returns the same order with filters, limit and offset', async () => {
    const idsOf = async (range: ResolutionQuery) => {
      const query = { ids: ['latest', '2.0.0', '01.2.3', ' v1.0.0 '], orderBy: 'version', ...range } as const;
      return (await shared().db.queryAgents(query)).map(({ id }) => id);
    };
    expect(await idsOf({})).toEqual([' v1.0.0 ', '2.0.0', '01.2.3', 'latest']);
    expect(await idsOf({ orderDirection: 'desc' })).toEqual(['2.0.0', ' v1.0.0 ', '01.2.3', 'latest']);
    expect(await idsOf({ offset: 1, limit: 2 })).toEqual(['2.0.0', '01.2.3']);
  });

  test('an update that changes the version of an agent changes its position in orderBy version', async () => {
    const { db } = shared();
    const firstAndLast = async () => {
      const agents = await db.queryAgents({ ids: ['1.0.0', 'zebra'], orderBy: 'version' });
      return agents.map(({ id }) => id);
    };
    await db.updateAgent({ id: 'zebra', version: 'v0.1.0' });
    expect(await firstAndLast()).toEqual(['zebra', '1.0.0']);
    await db.updateAgent({ id: 'zebra', version: 'zebra' });
    expect(await firstAndLast()).toEqual(['1.0.0', 'zebra']);
  });
});
