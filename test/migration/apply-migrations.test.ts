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
  test('is migrated after the lock is released, and the event loop is not blocked', async () => {
    other.exec('BEGIN IMMEDIATE');
    setTimeout(() => other.exec('ROLLBACK'), 100);
    await expect(applyMigrations(url, [migration])).resolves.toEqual([migration.name]);
  });

  test('fails with the error of the driver when the lock is not released in time', async () => {
    other.exec('BEGIN IMMEDIATE');
    await expect(applyMigrations(url, [migration], 50)).rejects.toMatchObject({ code: 'SQLITE_BUSY' });
  });

  test('can be read by another connection in WAL mode while it is migrated, and is not locked afterwards', async () => {
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

  test('is adopted with its rows, and its first migration is recorded like by prisma migrate resolve --applied', async () => {
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

  test('is adopted when its history contains the first migration', async () => {
    createHistory(other);
    other.exec(insertHistorySql(initialName ?? ''));
    await expectAdopted();
  });

  test('is adopted when it contains tables and migrations of an application', async () => {
    createHistory(other);
    other.exec(`CREATE TABLE notes (id INTEGER PRIMARY KEY); ${insertHistorySql('20250101000000_notes')}`);
    await expectAdopted();
    expect(tables()).toContain('notes');
  });

  test('is rejected when one of its tables has another column', async () => {
    other.exec('ALTER TABLE agents ADD COLUMN extra TEXT');
    await expect(applyMigrations(url, packageMigrations)).rejects.toMatchObject({ code: 'MIGRATION_FAILED' });
    expect(tables()).not.toContain('_prisma_migrations');
  });
});
