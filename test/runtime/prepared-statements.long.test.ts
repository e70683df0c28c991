import SqliteDriver from '../support/sqlite-driver';
import type { ResolutionQuery } from '../../src';
import { ManagedClient } from '../../src/engines/postgresql/managed-client';
import { agentInput, createCertificate } from '../support/factories';
import { describeOn } from '../support/skip';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

/** Returns `count` combinations of filters, each of which is a different statement. */
function combinations(count: number): ResolutionQuery[] {
  const filters: readonly ResolutionQuery[] = [
    { exactName: 'none' },
    { owner: 'none' },
    { name: 'none' },
    { protocol: 'none' },
    { metadata: { none: 1 } },
    { capabilities: ['none'] },
    { expiresBefore: new Date(0) },
    { expiresAfter: new Date(0) },
    { includeExpired: false },
    { version: '^1.0.0' },
    { status: ['REVOKED'] },
  ];
  return Array.from({ length: count }, (_, bits) => {
    return Object.assign({}, ...filters.filter((_filter, place) => (bits >> place) % 2 === 1)) as ResolutionQuery;
  });
}

interface Setting extends TestDatabase {
  readonly register: (index: number) => Promise<string>;
}

/** Opens a database with one connection, which has prepared the statements of a registration. */
async function open(): Promise<Setting> {
  const database = await openTestDatabase({ pool: { maxConnections: 1 } });
  const certificateId = await createCertificate(database.db);
  const agent = agentInput({ certificateId, capabilities: ['one', 'two'], metadata: { key: 1 } });
  const register = (index: number): Promise<string> => database.db.createAgent({ ...agent, id: `agent-${index}` });
  for (let index = 0; index < 5; index += 1) await register(index);
  return { ...database, register };
}

/** Returns the SQL of the statements that are prepared on a connection. */
async function preparedOn(client: ManagedClient): Promise<string[]> {
  const { rows } = await client.query<{ statement: string }>('SELECT statement FROM pg_prepared_statements');
  return rows.map(({ statement }) => statement);
}

afterEach(() => jest.restoreAllMocks());

describeOn('postgresql', 'prepared statements of a PostgreSQL connection', () => {
  test('stay prepared, at most 256 of them, after thousands of combinations of filters', async () => {
    const connect = jest.spyOn(ManagedClient.prototype, 'connect');
    const { db, register } = await open();
    for (const query of combinations(2000)) await db.agents.count(query);
    const clients = connect.mock.contexts.filter((client) => client instanceof ManagedClient);
    const before = await Promise.all(clients.map(preparedOn));
    const service = before.findIndex((statements) => statements.some((sql) => sql.includes('INSERT INTO agents')));
    expect(service).not.toBe(-1);
    expect(before[service]?.length).toBeLessThanOrEqual(256);
    const send = jest.spyOn(ManagedClient.prototype, 'nameOf');
    await register(100);
    expect(send.mock.results.map(({ value }) => value as unknown)).not.toContain(undefined);
  });

  test('can be closed inside a failed transaction and between pipelined statements', async () => {
    const { db, register } = await open();
    const queries = combinations(400);
    for (let round = 0; round < 4; round += 1) {
      await db.transaction(async (tx) => {
        await expect(tx.createAgent(agentInput({ certificateId: 'absent' }))).rejects.toThrow('Failed');
        for (const query of queries) await tx.agents.count(query);
      });
      await Promise.all(queries.slice(0, 50).map((query) => db.agents.count(query)));
    }
    await register(200);
    expect(await db.getAgent('agent-200')).not.toBeNull();
  });
});

describeOn('sqlite', 'prepared statements of a SQLite connection', () => {
  test('stay prepared after thousands of combinations of filters', async () => {
    const { db, register } = await open();
    for (const query of combinations(2000)) await db.agents.count(query);
    const prepare = jest.spyOn(SqliteDriver.prototype, 'prepare');
    await register(100);
    expect(await db.getAgent('agent-100')).not.toBeNull();
    expect(prepare.mock.calls.filter(([sql]) => /INSERT|UPDATE/.test(sql))).toEqual([]);
  });
});

describe('queries with thousands of combinations of filters', () => {
  test('return correct results', async () => {
    const { db } = await open();
    for (const query of combinations(1024)) {
      const isMatched = Object.keys(query).every((field) =>
        ['expiresAfter', 'includeExpired', 'version'].includes(field),
      );
      expect(await db.agents.count(query)).toBe(isMatched ? 5 : 0);
    }
  });
});
