import semver from 'semver';
import type { DatabaseService, ResolutionQuery } from '../../src';
import { agentInput, createCertificate } from '../support/factories';
import { shareTestDatabase } from '../support/test-database';

/** Versions by the ids of their agents, whose order is another one than that of the versions. */
const versions: Readonly<Record<string, string>> = {
  a: 'zebra',
  b: '2.0.0',
  c: ' v1.0.0 ',
  d: '01.0.0',
  e: 'v1.5.0',
  f: '\t1.5.0-rc.1\n',
  g: '=1.5.0',
  h: 'Alpha',
  i: `1.0.0-${'x'.repeat(300)}`,
  j: '1.5',
  k: 'V1.0.0',
  l: 'v 1.0.0',
  m: '1.0.0+build.7',
  n: 'latest',
  o: '9007199254740992.0.0',
};

async function fill(db: DatabaseService): Promise<void> {
  const certificateId = await createCertificate(db);
  const agents = Object.entries(versions).map(([id, version]) => agentInput({ id, version, certificateId }));
  // Not in the order of their ids, which the database could give by chance.
  await db.agents.createMany(agents.reverse());
}

const shared = shareTestDatabase({}, ({ db }) => fill(db));

const others = Object.keys(versions).filter((id) => semver.valid(versions[id]) === null);
const ranges = ['^1.0.0', '>=1.0.0-0', '1.x', '*', ' v1.5.0 ', '<=v1.5.0', 'v1.0.0 || v2.0.0', ' '];

async function idsOf(query: ResolutionQuery): Promise<string[]> {
  return (await shared().db.queryAgents(query)).map(({ id }) => id);
}

async function idsByPage(query: ResolutionQuery): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | undefined; ;) {
    const { items, nextCursor } = await shared().db.agents.page(query, { after, size: 2 });
    ids.push(...items.map(({ id }) => id));
    if (nextCursor === undefined) return ids;
    after = nextCursor;
  }
}

describe('a version', () => {
  test('is stored unchanged, including its blanks', async () => {
    for (const [id, version] of Object.entries(versions)) {
      expect((await shared().db.getAgent(id))?.version).toBe(version);
    }
  });

  test('is semantic when it has a leading v or surrounding blanks', async () => {
    expect((await idsOf({ version: '1.0.0' })).sort()).toEqual(['c', 'm']);
    expect((await idsOf({ version: '^1.1.0' })).sort()).toEqual(['e']);
    expect((await idsOf({ version: '>=1.5.0-0 <1.5.0' })).sort()).toEqual(['f']);
  });

  test.each(ranges)('matches the range %j when semver.satisfies accepts it', async (range) => {
    const expected = Object.entries(versions)
      .filter(([, version]) => version === range || semver.satisfies(version, range))
      .map(([id]) => id);
    expect((await idsOf({ version: range })).sort()).toEqual(expected);
  });

  test.each(Object.values(versions))('%j matches a filter with the same text', async (version) => {
    expect((await shared().db.queryAgents({ version })).map((agent) => agent.version)).toContain(version);
  });
});

describe('versions that are not semantic', () => {
  // Build metadata has no precedence: c and m are ordered by id.
  const ascending = ['c', 'm', 'f', 'e', 'b'];

  test('are those that semver does not accept with its defaults', () => {
    expect(others).toEqual(['a', 'd', 'g', 'h', 'i', 'j', 'k', 'l', 'n', 'o']);
  });

  test('are ordered after all others, by id, in ascending order', async () => {
    const expected = [...ascending, ...others];
    expect(await idsOf({ orderBy: 'version' })).toEqual(expected);
    expect(await idsByPage({ orderBy: 'version' })).toEqual(expected);
  });

  test('are ordered after all others, by id, in descending order', async () => {
    const expected = ['b', 'e', 'f', 'c', 'm', ...others];
    expect(await idsOf({ orderBy: 'version', orderDirection: 'desc' })).toEqual(expected);
    expect(await idsByPage({ orderBy: 'version', orderDirection: 'desc' })).toEqual(expected);
  });

  test('are ordered after all others among filtered results', async () => {
    const ids = ['n', 'a', 'b', 'd', 'c'];
    expect(await idsOf({ ids, orderBy: 'version' })).toEqual(['c', 'b', 'a', 'd', 'n']);
    expect(await idsOf({ ids, orderBy: 'version', orderDirection: 'desc' })).toEqual(['b', 'c', 'a', 'd', 'n']);
    expect(await idsOf({ ids, orderBy: 'version', offset: 1, limit: 3 })).toEqual(['b', 'a', 'd']);
  });

  test('become semantic, and non-semantic again, when the version is updated', async () => {
    const { db } = shared();
    await db.updateAgent({ id: 'n', version: 'v0.1.0' });
    expect((await idsOf({ orderBy: 'version' }))[0]).toBe('n');
    await db.updateAgent({ id: 'n', version: 'latest' });
    expect(await idsOf({ orderBy: 'version' })).toEqual([...ascending, ...others]);
  });
});
