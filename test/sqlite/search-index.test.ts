import { agentInput, createAgent, createCertificate } from '../support/factories';
import { changeRaw, openSqlite } from '../support/raw-writer';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

/** Asserts that the index holds exactly the names of the agents. */
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

describe('the search index of names', () => {
  test('the search index contains the current name of each agent after changes, deletions and a rollback', async () => {
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

  test('the search index of names stays valid after a VACUUM', async () => {
    const database = await openTestDatabase();
    const ids = [];
    for (const name of ['first one', 'second one', 'third one']) ids.push(await createAgent(database.db, { name }));
    await database.db.deleteAgent(ids[0] ?? '');
    await changeRaw(database, 'VACUUM');
    expect(await found(database, 'second')).toEqual(['second one']);
    expect(await found(database, 'one')).toEqual(['second one', 'third one']);
    checkIndex(database);
  });

  test('writes of another program update the search index of names', async () => {
    const database = await openTestDatabase();
    await createAgent(database.db, { id: 'old', name: 'Old Harbor' });
    await changeRaw(database, "UPDATE agents SET id = 'other', name_folded = 'new harbor' WHERE id = 'old'");
    expect((await database.db.queryAgents({ name: 'NEW HARBOR' })).map(({ id }) => id)).toEqual(['other']);
    await changeRaw(database, 'DELETE FROM agents');
    expect(await found(database, 'harbor')).toEqual([]);
    checkIndex(database);
  });

  test.each([
    "UPDATE agent_names SET name_folded = 'forged'",
    'DELETE FROM Agent_Names',
    "INSERT INTO agent_names_search (agent_names_search) VALUES ('delete-all')",
    "INSERT INTO AGENT_NAMES_SEARCH (Agent_Names_Search) VALUES ('delete-all')",
    'DROP TABLE agent_names_search',
  ])('SQL of the application cannot change the search index of names: %s', async (sql) => {
    const database = await openTestDatabase();
    await createAgent(database.db, { name: 'Old Harbor' });
    const change = database.db.transaction((tx) => tx.execute(sql));
    await expect(change).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    checkIndex(database);
  });

  test('a trigger of the application cannot change the search index of names', async () => {
    const database = await openTestDatabase();
    await createAgent(database.db, { name: 'Old Harbor' });
    const clear = "INSERT INTO agent_names_search (agent_names_search) VALUES ('delete-all')";
    await changeRaw(
      database,
      `CREATE TABLE orders (id INTEGER PRIMARY KEY);
      CREATE TRIGGER orders_insert AFTER INSERT ON orders BEGIN ${clear}; END`,
    );
    const change = database.db.transaction((tx) => tx.execute('INSERT INTO orders VALUES (1)'));
    await expect(change).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    checkIndex(database);
  });

  test('the application may have temporary tables and tables whose names resemble the search index', async () => {
    const { db } = await openTestDatabase();
    await db.transaction(async (tx) => {
      await tx.execute('CREATE TABLE agent_names_searchable (id INTEGER PRIMARY KEY)');
      expect(await tx.execute('INSERT INTO agent_names_searchable VALUES (1)')).toBe(1);
    });
    await db.transaction(async (tx) => {
      for (let page = 0; page < 40; page += 1) await tx.execute(`CREATE TEMP TABLE temporary${page} (id)`);
      for (let page = 0; page < 40; page += 1) await tx.execute(`DROP TABLE temporary${page}`);
    });
  });
});
