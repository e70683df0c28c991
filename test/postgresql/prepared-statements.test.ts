import { runStatement } from '../../src/engines/postgresql/connections';
import { ManagedClient } from '../../src/engines/postgresql/managed-client';
import { afterTest, newDatabaseUrl } from '../support/test-database';

async function connect(): Promise<ManagedClient> {
  const client = new ManagedClient({ connectionString: await newDatabaseUrl() });
  afterTest(() => client.end());
  await client.connect();
  return client;
}

async function preparedOn(client: ManagedClient): Promise<string[]> {
  const { rows } = await client.query<{ statement: string }>('SELECT statement FROM pg_prepared_statements');
  return rows.map(({ statement }) => statement);
}

async function select(client: ManagedClient, value: number): Promise<void> {
  const { rows } = await runStatement(client, { sql: `SELECT ${value} + ?::integer`, args: [1] });
  expect(rows).toEqual([[value + 1]]);
}

describe('the prepared statements of a connection', () => {
  test('stay prepared while many others are sent once', async () => {
    const client = await connect();
    for (let count = 0; count < 5; count += 1) await select(client, -1);
    for (let value = 0; value < 600; value += 1) await select(client, value);
    const prepared = await preparedOn(client);
    expect(prepared).toContain('SELECT -1 + $1::integer');
    expect(prepared).toHaveLength(256);
  });

  test('are closed when others are used more often, and are prepared again when they are used', async () => {
    const client = await connect();
    for (const start of [0, 1000, 2000, 0]) {
      for (let round = 0; round < 6; round += 1) {
        // Sent concurrently, so that a statement may be closed while it is on its way.
        await Promise.all(Array.from({ length: 200 }, (_, index) => select(client, start + index)));
      }
    }
    const prepared = await preparedOn(client);
    expect(prepared.length).toBeLessThanOrEqual(256);
    for (let value = 0; value < 200; value += 1) expect(prepared).toContain(`SELECT ${value} + $1::integer`);
  });

  test('are closed in a failed transaction too', async () => {
    const client = await connect();
    for (let value = 0; value < 256; value += 1) await select(client, value);
    await client.query('BEGIN');
    await expect(client.query('SELECT 1 / 0')).rejects.toThrow('division');
    const refused = { sql: 'SELECT 5000', args: [] };
    for (let count = 0; count < 3; count += 1) await expect(runStatement(client, refused)).rejects.toThrow('aborted');
    await client.query('ROLLBACK');
    await select(client, 5000);
    expect((await preparedOn(client)).length).toBeLessThanOrEqual(256);
  });
});
