import { agentInput, createAgent, createCertificate } from '../support/factories';
import { readSqlite } from '../support/raw-reader';
import { openSqlite } from '../support/raw-writer';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

/** Fails where the index holds other names than the agents have, which no search would notice as a whole. */
function checkIndex({ options: { url } }: TestDatabase): void {
  const driver = openSqlite(url);
  try {
    driver.exec("INSERT INTO agent_names_search (agent_names_search, rank) VALUES ('integrity-check', 1)");
    const names = driver.prepare('SELECT agent_id, name_folded FROM agent_names ORDER BY agent_id').raw().all();
    expect(names).toEqual(driver.prepare('SELECT id, name_folded FROM agents ORDER BY id').raw().all());
  } finally {
    driver.close();
  }
}

async function found({ db }: TestDatabase, name: string): Promise<string[]> {
  return (await db.queryAgents({ name })).map(({ name: whole }) => whole).sort();
}

describe('The search index', () => {
  test('has its triggers after all migrations: a table that is made anew loses them', async () => {
    const { options } = await openTestDatabase();
    const sql = "SELECT name FROM sqlite_schema WHERE type = 'trigger' ORDER BY name";
    const triggers = readSqlite(options.url, (driver) => driver.prepare(sql).pluck().all());
    expect(triggers).toEqual(['agent_names_delete', 'agent_names_insert', 'agent_names_update']);
  });

  test('knows each agent by its present name, whatever became of it', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const certificateId = await createCertificate(db);
    const renamed = await createAgent(db, { name: 'Before Storm', certificateId });
    const deleted = await createAgent(db, { name: 'Storm Gone', certificateId });
    await db.agents.createMany([1, 2, 3].map((place) => agentInput({ name: `Storm ${place}`, certificateId })));
    await db.updateAgent({ id: renamed, name: 'After Rain' });
    await db.updateAgent({ id: renamed, description: 'the same name' });
    await db.deleteAgent(deleted);
    await db
      .transaction(async (tx) => {
        await createAgent(db, { name: 'beside', certificateId }).catch(() => undefined);
        await tx.createAgent(agentInput({ name: 'Storm that never was', certificateId }));
        throw new Error('undone');
      })
      .catch(() => undefined);
    expect(await found(database, 'storm')).toEqual(['Storm 1', 'Storm 2', 'Storm 3']);
    expect(await found(database, 'ter rain')).toEqual(['After Rain']);
    expect(await found(database, 'before')).toEqual([]);
    checkIndex(database);
  });

  test('outlives a VACUUM', async () => {
    const database = await openTestDatabase();
    const ids = [];
    for (const name of ['first one', 'second one', 'third one']) ids.push(await createAgent(database.db, { name }));
    await database.db.deleteAgent(ids[0] ?? '');
    const driver = openSqlite(database.options.url);
    driver.exec('VACUUM');
    driver.close();
    expect(await found(database, 'second')).toEqual(['second one']);
    expect(await found(database, 'one')).toEqual(['second one', 'third one']);
    checkIndex(database);
  });

  test('is made for the agents that were there before it', async () => {
    const database = await openTestDatabase();
    await createAgent(database.db, { name: 'Old Harbor' });
    await database.db.close();
    const driver = openSqlite(database.options.url);
    driver.exec(`DROP TRIGGER agent_names_insert; DROP TRIGGER agent_names_update; DROP TRIGGER agent_names_delete;
      DROP TABLE agent_names_search; DROP TABLE agent_names;
      DROP INDEX idx_agents_status_id; DROP INDEX idx_agents_owner_id;
      DROP INDEX idx_certificates_subject; DROP INDEX idx_certificates_not_before;
      CREATE INDEX idx_agents_name_folded ON agents (name_folded, id);
      DELETE FROM _prisma_migrations WHERE migration_name LIKE '%_search'`);
    driver.close();
    await database.db.initialize();
    expect(await found(database, 'harbor')).toEqual(['Old Harbor']);
    checkIndex(database);
  });

  test('knows what another program writes', async () => {
    const database = await openTestDatabase();
    await createAgent(database.db, { id: 'old', name: 'Old Harbor' });
    const driver = openSqlite(database.options.url);
    driver.exec(`UPDATE agents SET id = 'other', name_folded = 'new harbor' WHERE id = 'old'`);
    expect((await database.db.queryAgents({ name: 'NEW HARBOR' })).map(({ id }) => id)).toEqual(['other']);
    driver.exec(`DELETE FROM agents`);
    driver.close();
    expect(await found(database, 'harbor')).toEqual([]);
    checkIndex(database);
  });
});
