import { fill, soundReport } from '../support/sound-database';
import { spoilDatabase } from '../support/postgresql-databases';
import { runRaw } from '../support/raw-client';
import { openTestDatabase } from '../support/test-database';

describe('A check where the extension amcheck is installed', () => {
  test('skips nothing, and finds nothing where nothing is wrong', async () => {
    const database = await openTestDatabase();
    spoilDatabase(database.options.url);
    await runRaw(database.options.url, 'CREATE EXTENSION amcheck');
    await fill(database);
    expect(await database.db.check()).toEqual({ ...soundReport, skipped: [] });
  });

  test('tells which index is damaged', async () => {
    const database = await openTestDatabase();
    const { url } = database.options;
    spoilDatabase(url);
    await runRaw(url, 'CREATE EXTENSION amcheck');
    await fill(database);
    // The index is taken for one of no rows while a row is added.
    const setPredicate = (sql: string) =>
      `UPDATE pg_index SET ${sql} WHERE indexrelid = 'idx_agents_created_at'::regclass`;
    await runRaw(url, setPredicate('indisready = false'));
    await runRaw(url, "UPDATE agents SET created_at = created_at + interval '1 hour' WHERE id = 'plain'");
    await runRaw(url, setPredicate('indisready = true'));
    const { findings } = await database.db.check();
    expect(findings).toEqual([{ check: 'storage', message: 'the index idx_agents_created_at is damaged' }]);
  });
});
