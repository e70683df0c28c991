import { onPostgresql } from '../support/engine';
import {
  applyMigrations,
  createApplicationHistory,
  insertHistorySql,
  migrationNames,
  packageMigrations,
  readHistoryRows,
  testMigration,
} from '../support/migrations';
import { queryRaw } from '../support/raw-reader';
import { changeRaw } from '../support/raw-writer';
import { unmigratedDatabaseUrl } from '../support/test-database';

const first = testMigration('20260101000000_ans_notes', 'CREATE TABLE notes (id INTEGER PRIMARY KEY);');
const second = testMigration(
  '20260102000000_ans_more',
  "CREATE TABLE more (text VARCHAR(9)); INSERT INTO more VALUES ('a;b');",
);

let url: string;
beforeEach(async () => (url = await unmigratedDatabaseUrl()));

const change = (sql: string) => changeRaw({ options: { url } }, sql);
const query = async (sql: string) => (await queryRaw({ options: { url } }, sql))[0];
const finishedNames = async () =>
  (await readHistoryRows(url))
    .filter((row) => row['finished_at'] !== null && row['rolled_back_at'] === null)
    .map((row) => row['migration_name']);
const tables = async () => {
  const sql = onPostgresql
    ? "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    : "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1";
  return (await query(sql))?.map(({ name }) => name);
};

describe('the migration runner', () => {
  test('the migration runner applies only the pending migrations to a database with an older schema', async () => {
    await applyMigrations(url, [first]);
    await expect(applyMigrations(url, [first, second])).resolves.toEqual([second.name]);
    expect(await query('SELECT text FROM more')).toEqual([{ text: 'a;b' }]);
  });

  test('the migration runner records each migration with the values that Prisma Migrate records', async () => {
    const before = Date.now();
    await expect(applyMigrations(url, packageMigrations)).resolves.toEqual(migrationNames);
    const after = Date.now();
    const rows = await readHistoryRows(url);
    expect(rows).toEqual(
      packageMigrations.map(({ name, checksum }) => ({
        id: expect.stringMatching(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) as unknown,
        checksum,
        finished_at: expect.any(Number) as unknown,
        migration_name: name,
        logs: null,
        rolled_back_at: null,
        started_at: expect.any(Number) as unknown,
        applied_steps_count: 1,
      })),
    );
    const times = rows.flatMap((row) => [row['started_at'], row['finished_at']]).map(Number);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.every((time) => time >= before && time <= after)).toBe(true);
  });

  test('several connections that migrate at the same time apply each migration once', async () => {
    const results = await Promise.all(Array.from({ length: 5 }, () => applyMigrations(url, packageMigrations, 20_000)));
    expect(results.toSorted((a, b) => b.length - a.length)).toEqual([migrationNames, [], [], [], []]);
    expect(await finishedNames()).toEqual(migrationNames);
  });

  test('the migration runner, like prisma migrate deploy, does not compare checksums', async () => {
    await applyMigrations(url, [first]);
    await change("UPDATE _prisma_migrations SET checksum = 'other'");
    await expect(applyMigrations(url, [first, second])).resolves.toEqual([second.name]);
  });

  test('the migration runner rejects a database with a failed migration until the migration is marked as rolled back', async () => {
    await applyMigrations(url, [first]);
    await change(insertHistorySql(second.name, { isFinished: false }));
    await expect(applyMigrations(url, [first, second])).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      message: `an earlier attempt at a migration failed: ${second.name}`,
    });
    expect(await tables()).not.toContain('more');
    await change(`UPDATE _prisma_migrations SET rolled_back_at = started_at WHERE id = '${second.name}'`);
    await expect(applyMigrations(url, [first, second])).resolves.toEqual([second.name]);
  });

  test('the migration runner ignores a failed attempt at a migration that a later attempt applied', async () => {
    await applyMigrations(url, [first]);
    await change(insertHistorySql(first.name, { isFinished: false }));
    await expect(applyMigrations(url, [first, second])).resolves.toEqual([second.name]);
  });

  describe('a migration that fails', () => {
    const broken = testMigration(
      '20260103000000_ans_broken',
      'CREATE TABLE half (id INTEGER); INSERT INTO missing VALUES (1);',
    );

    test('a migration that fails leaves the tables and the migration history unchanged', async () => {
      await applyMigrations(url, [first]);
      await expect(applyMigrations(url, [first, second, broken])).rejects.toMatchObject({
        code: 'MIGRATION_FAILED',
        message: `migration ${broken.name} failed`,
        cause: expect.objectContaining({ code: onPostgresql ? '42P01' : 'SQLITE_ERROR' }) as unknown,
      });
      expect(await tables()).toEqual(['_prisma_migrations', 'notes']);
      expect(await finishedNames()).toEqual([first.name]);
      await expect(applyMigrations(url, [first, second])).resolves.toEqual([second.name]);
    });

    test('a migration that fails does not create the migration history in an empty database', async () => {
      await expect(applyMigrations(url, [broken])).rejects.toMatchObject({ code: 'MIGRATION_FAILED' });
      expect(await tables()).toEqual([]);
    });
  });
});

describe('the migration runner on a database with migrations of an application', () => {
  const applications = ['20250101000000_notes', '29990101000000_from_the_future', '20260101000000_answers'];

  beforeEach(async () => {
    await createApplicationHistory(url, applications);
    await change(first.sql);
  });

  test('the migration runner does not change the tables of an application in the same database', async () => {
    await expect(applyMigrations(url, packageMigrations)).resolves.toEqual(migrationNames);
    expect(await tables()).toEqual(expect.arrayContaining(['notes', 'agents']));
    expect((await finishedNames()).toSorted()).toEqual([...applications, ...migrationNames].toSorted());
  });

  test('the migration runner ignores a failed migration of the application', async () => {
    await change(insertHistorySql('20260201000000_failed', { isFinished: false }));
    await expect(applyMigrations(url, packageMigrations)).resolves.toEqual(migrationNames);
  });

  test('the migration runner fails and changes nothing when an application table has the name of a package table', async () => {
    await change('CREATE TABLE capabilities (id INTEGER PRIMARY KEY)');
    await expect(applyMigrations(url, packageMigrations)).rejects.toMatchObject({ code: 'MIGRATION_FAILED' });
    expect(await tables()).toEqual(['_prisma_migrations', 'capabilities', 'notes']);
  });
});
