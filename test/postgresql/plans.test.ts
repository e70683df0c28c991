import { createAgent } from '../support/factories';
import { spoilDatabase } from '../support/postgresql-databases';
import { runRaw } from '../support/raw-client';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

/** A database with one connection, on which the plans of these calls are kept. */
async function openWithPlans(): Promise<TestDatabase> {
  const database = await openTestDatabase({ pool: { maxConnections: 1 } });
  await createAgent(database.db, { id: 'a', description: 'kept' });
  for (let call = 0; call < 3; call += 1) await callAll(database);
  return database;
}

async function callAll({ db }: TestDatabase): Promise<void> {
  expect(await db.getAgent('a')).toMatchObject({ description: 'kept' });
  expect(await db.updateAgent({ id: 'a', metadata: { one: 1 } })).toBe(true);
}

describe('The plans that a connection keeps', () => {
  test('cost a call nothing when the schema changes beneath them', async () => {
    const database = await openWithPlans();
    const { url } = database.options;
    spoilDatabase(url);
    await runRaw(url, 'ALTER TABLE agents ALTER COLUMN status TYPE text');
    await runRaw(url, 'ALTER TABLE agents ALTER COLUMN description TYPE varchar(500)');
    expect(await database.db.getAgent('a')).toMatchObject({ description: 'kept' });
  });

  test('are of no use to others when a transaction found them out of date', async () => {
    const database = await openWithPlans();
    const { url } = database.options;
    spoilDatabase(url);
    await runRaw(url, 'ALTER TABLE agents ALTER COLUMN description TYPE varchar(500)');
    await database.db.transaction((tx) => tx.getAgent('a')).catch(() => undefined);
    await callAll(database);
  });
});
