import { createAgent, createCertificate } from '../support/factories';
import { expectError } from '../support/expect-error';
import { openTestDatabase, shareTestDatabase, type TestDatabase } from '../support/test-database';

const maxResults = 10;

async function fill({ db }: TestDatabase): Promise<void> {
  const certificateId = await createCertificate(db);
  const updatedAt = new Date(0);
  for (let index = 0; index < 25; index += 1) {
    const id = String(index).padStart(2, '0');
    await createAgent(db, { id, certificateId, updatedAt, owner: index < maxResults ? 'few' : 'many' });
  }
}

const shared = shareTestDatabase({ maxResults }, fill);

describe('limit and offset of queryAgents', () => {
  test.each([
    [{ limit: 3 }, ['00', '01', '02']],
    [{ limit: 3, offset: 0 }, ['00', '01', '02']],
    [{ limit: 3, offset: 23 }, ['23', '24']],
    [{ limit: 3, offset: 25 }, []],
    [{ limit: 3, offset: 1000 }, []],
    [{ limit: 0 }, []],
    [{ limit: 0, offset: 5 }, []],
    [{ limit: 2, offset: undefined }, ['00', '01']],
    [{ offset: 22 }, ['22', '23', '24']],
    [{ limit: Number.MAX_SAFE_INTEGER, offset: 23 }, ['23', '24']],
    [{ limit: 1, offset: Number.MAX_SAFE_INTEGER }, []],
    [{ limit: Number.MAX_SAFE_INTEGER, offset: Number.MAX_SAFE_INTEGER }, []],
  ])('select a range of the results: %j', async (range, expected) => {
    const agents = await shared().db.queryAgents({ orderBy: 'id', ...range });
    expect(agents.map(({ id }) => id)).toEqual(expected);
  });

  test('allow more results than maxResults', async () => {
    expect(await shared().db.queryAgents({ limit: 25 })).toHaveLength(25);
    expect(await shared().db.queryAgents({ limit: Number.MAX_SAFE_INTEGER })).toHaveLength(25);
  });

  test.each(['updatedAt', 'name', 'version', 'owner', 'status', 'expiresAt'] as const)(
    'neither repeat nor skip agents that share the value of %s',
    async (orderBy) => {
      const ids: string[] = [];
      for (let offset = 0; offset < 25; offset += 4) {
        const page = await shared().db.queryAgents({ orderBy, orderDirection: 'desc', limit: 4, offset });
        ids.push(...page.map(({ id }) => id));
      }
      expect(ids).toHaveLength(25);
      expect(new Set(ids).size).toBe(25);
    },
  );
});

describe('The option maxResults', () => {
  test('fails a query without a limit that matches more agents', async () => {
    const error = await expectError('RESULT_TOO_LARGE', () => shared().db.queryAgents({}));
    expect(error).toMatchObject({ operation: 'agents.query', retryable: false });
    await expectError('RESULT_TOO_LARGE', () => shared().db.queryAgents({ owner: 'many' }));
  });

  test('allows a query that matches exactly as many agents', async () => {
    expect(await shared().db.queryAgents({ owner: 'few' })).toHaveLength(maxResults);
  });

  test('does not concern a query with a limit', async () => {
    expect(await shared().db.queryAgents({ limit: 5 })).toHaveLength(5);
    expect(await shared().db.queryAgents({ owner: 'many', limit: 12 })).toHaveLength(12);
  });

  test('of 0 fails a query without a limit that matches any agent', async () => {
    const { db } = await openTestDatabase({ maxResults: 0 });
    expect(await db.queryAgents({})).toEqual([]);
    await createAgent(db);
    await expectError('RESULT_TOO_LARGE', () => db.queryAgents({}));
    expect(await db.queryAgents({ limit: 1 })).toHaveLength(1);
  });
});
