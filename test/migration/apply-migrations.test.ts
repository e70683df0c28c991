import { join } from 'node:path';
import type { Database } from '../support/sqlite-driver';
import { createHistory } from '../../src/engines/sqlite/migrations/history';
import {
  applyMigrations,
  insertHistorySql,
  migrationNames,
  packageMigrations,
  readHistoryRows,
  testMigration,
} from '../support/migrations';
import { openSqlite } from '../support/raw-writer';
import { afterTest, temporaryDirectory } from '../support/test-database';

const migration = testMigration('20260101000000_ans_notes', 'CREATE TABLE notes (id INTEGER PRIMARY KEY);');

let url: string;
let other: Database;

beforeEach(() => {
  url = `file:${join(temporaryDirectory(), 'test.sqlite')}`;
  other = openSqlite(url);
  afterTest(() => void other.close());
});

const tables = () => other.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();

describe('a database that another connection has locked', () => {
  test('a migration of a locked database waits for the lock and does not block the event loop', async () => {
    other.exec('BEGIN IMMEDIATE');
    setTimeout(() => other.exec('ROLLBACK'), 100);
    await expect(applyMigrations(url, [migration])).resolves.toEqual([migration.name]);
  });

  test('a migration of a locked database fails with the error of the driver when the wait exceeds its limit', async () => {
    other.exec('BEGIN IMMEDIATE');
    await expect(applyMigrations(url, [migration], 50)).rejects.toMatchObject({ code: 'SQLITE_BUSY' });
  });

  test('other connections can read a database in WAL mode during its migration and write to it afterwards', async () => {
    other.pragma('journal_mode = WAL');
    other.exec('BEGIN; SELECT * FROM sqlite_schema');
    await expect(applyMigrations(url, [migration])).resolves.toEqual([migration.name]);
    expect(tables()).toEqual([]);
    other.exec('ROLLBACK; BEGIN IMMEDIATE; COMMIT');
    expect(tables()).toContain('notes');
  });
});

describe('a database with the initial schema', () => {
  const [initial] = packageMigrations;
  const [initialName, ...laterNames] = migrationNames;

  beforeEach(() => {
    other.pragma('foreign_keys = OFF');
    other.exec(initial?.sql ?? '');
    other.exec(`
      INSERT INTO certificates VALUES ('c1', 'CN=a', 'CN=ca', 1, 2, 'pk', 'pem', 'AA:BB', 'VALID', 3);
      INSERT INTO agents VALUES ('a1', 'Agent', 'pk', 'c1', NULL, '1.0.0', NULL, 1, 2, 3, 'ACTIVE', 'owner');
      INSERT INTO agent_metadata VALUES ('a1', 'greeting', 'hi'), ('gone', 'k', 'v');`);
  });

  async function expectAdopted(): Promise<void> {
    await expect(applyMigrations(url, packageMigrations)).resolves.toEqual(laterNames);
    expect(other.prepare('SELECT id, status FROM agents').all()).toEqual([{ id: 'a1', status: 'ACTIVE' }]);
    expect(other.prepare('SELECT value FROM agent_metadata').all()).toEqual([{ value: '"hi"' }]);
    expect(other.pragma('foreign_key_check')).toEqual([]);
    await expect(applyMigrations(url, packageMigrations)).resolves.toEqual([]);
  }

  test('a database with the initial schema keeps its rows, and its first migration is recorded as applied', async () => {
    await expectAdopted();
    const [adopted, ...applied] = await readHistoryRows(url);
    expect(adopted).toMatchObject({
      migration_name: initialName,
      checksum: initial?.checksum,
      applied_steps_count: 0,
      logs: '',
    });
    expect(applied.map((row) => row['migration_name'])).toEqual(laterNames);
  });

  test('the initial schema is adopted when the migration history contains the first migration', async () => {
    createHistory(other);
    other.exec(insertHistorySql(initialName ?? ''));
    await expectAdopted();
  });

  test('the initial schema is adopted when the database contains tables and migrations of an application', async () => {
    createHistory(other);
    other.exec(`CREATE TABLE notes (id INTEGER PRIMARY KEY); ${insertHistorySql('20250101000000_notes')}`);
    await expectAdopted();
    expect(tables()).toContain('notes');
  });

  test('a database with the initial schema is rejected when one of its tables has an additional column', async () => {
    other.exec('ALTER TABLE agents ADD COLUMN extra TEXT');
    await expect(applyMigrations(url, packageMigrations)).rejects.toMatchObject({ code: 'MIGRATION_FAILED' });
    expect(tables()).not.toContain('_prisma_migrations');
  });
});
