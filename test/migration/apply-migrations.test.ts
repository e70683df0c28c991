import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import SqliteDriver, { type Database } from 'better-sqlite3';
import { applyMigrations } from '../../src/migrations/apply-migrations';
import { inspectMigrations } from '../../src/migrations/inspect-migrations';
import { readShippedMigrations, type ShippedMigration } from '../../src/migrations/shipped-migrations';
import { packageRoot, PrismaProject } from '../support/prisma-cli';
import { scratch } from '../support/scratch';

const shipped = readShippedMigrations('sqlite');
const names = shipped.map(({ name }) => name);
const first = { name: '20260101000000_notes', sql: 'CREATE TABLE notes (id INTEGER PRIMARY KEY);' };
const second = { name: '20260102000000_more', sql: "CREATE TABLE more (text TEXT); INSERT INTO more VALUES ('a');" };

let directory: string;
let path: string;
let reader: Database | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(scratch, 'ans-database-migrations-'));
  path = join(directory, 'test.sqlite');
});

afterEach(() => {
  reader?.close();
  reader = undefined;
  rmSync(directory, { recursive: true, force: true });
});

const apply = (migrations: readonly ShippedMigration[], busyTimeoutMs = 1_000) =>
  applyMigrations(path, { shipped: migrations, busyTimeoutMs });
const database = () => (reader ??= new SqliteDriver(path));
const tables = () => database().prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();

test('the shipped migrations are those of the package, oldest first', () => {
  expect(names).toEqual(['20261123000000_ans_initial', '20261123000100_ans_directory']);
  expect(shipped[0]?.sql).toContain('CREATE TABLE agents');
});

describe('a fresh database', () => {
  test('gets all migrations, in order, and nothing more the next time', async () => {
    await expect(apply(shipped)).resolves.toEqual(names);
    await expect(apply(shipped)).resolves.toEqual([]);
    expect(inspectMigrations(database(), shipped)).toEqual({ applied: names, pending: [], unknown: [], failed: [] });
    expect(database().pragma('foreign_key_check')).toEqual([]);
  });

  test('is what prisma migrate finds up to date and without drift', async () => {
    const project = PrismaProject.ofPackage();
    try {
      await applyMigrations(project.databasePath, { shipped, busyTimeoutMs: 1_000 });
      const [status, diff] = await Promise.all([
        project.run('migrate status'),
        project.run(
          `migrate diff --from-config-datasource --to-schema ${packageRoot}/prisma/schema.prisma --exit-code`,
        ),
      ]);
      expect(status.output).toContain('Database schema is up to date!');
      expect(diff.output).toContain('No difference detected.');
    } finally {
      project.dispose();
    }
  });

  test('gets the migrations once when ten processes open it at once; those that find none pending load no engine', async () => {
    const run = promisify(execFile);
    const program = join(packageRoot, 'test/support/apply-migrations-process.ts');
    const start = () => run(process.execPath, ['--import', 'tsx', program, path], { cwd: packageRoot });

    const outputs = await Promise.all(Array.from({ length: 10 }, start));

    const reports = outputs.map(({ stdout }): unknown => JSON.parse(stdout));
    const idle = { applied: [], isEngineLoaded: false };
    expect(reports.filter((report) => JSON.stringify(report) === JSON.stringify(idle))).toHaveLength(9);
    expect(reports).toContainEqual({ applied: names, isEngineLoaded: true });
    expect(inspectMigrations(database(), shipped).applied).toEqual(names);
  });
});

test('a database that is behind gets what it lacks', async () => {
  await apply([first]);
  expect(inspectMigrations(database(), [first, second])).toMatchObject({
    applied: [first.name],
    pending: [second.name],
  });
  await expect(apply([first, second])).resolves.toEqual([second.name]);
});

test('a database of a newer package is left alone', async () => {
  await apply([first, second]);
  await expect(apply([first])).rejects.toMatchObject({
    reason: 'too-new',
    message: expect.stringContaining(second.name) as unknown,
  });
});

test('a migration that failed before stands in the way, until it is marked as rolled back', async () => {
  await apply([first]);
  const insert = 'INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES (?, ?, ?, ?)';
  database().prepare(insert).run('x', 'y', second.name, Date.now());
  expect(inspectMigrations(database(), [first, second])).toMatchObject({ failed: [second.name], pending: [] });
  await expect(apply([first, second])).rejects.toMatchObject({ reason: 'failed-before' });

  database().prepare("UPDATE _prisma_migrations SET rolled_back_at = started_at WHERE id = 'x'").run();
  await expect(apply([first, second])).resolves.toEqual([second.name]);
});

describe('a migration that fails', () => {
  const broken = { name: '20260103000000_broken', sql: 'CREATE TABLE half (id); INSERT INTO missing VALUES (1);' };

  test('leaves nothing: neither of its own, nor of those before it, nor in the history', async () => {
    await apply([first]);
    const before = database().serialize();

    await expect(apply([first, second, broken])).rejects.toMatchObject({
      reason: 'failed',
      message: `migration ${broken.name} failed`,
      cause: expect.objectContaining({ code: 'SQLITE_ERROR', message: 'no such table: missing' }) as unknown,
    });

    expect(database().serialize().equals(before)).toBe(true);
    expect(inspectMigrations(database(), [first, second, broken])).toMatchObject({ applied: [first.name], failed: [] });
    await expect(apply([first, second])).resolves.toEqual([second.name]);
  });
});

describe('a database with tables and no history', () => {
  test('is taken over with its rows where the seed made it', async () => {
    database().pragma('foreign_keys = OFF');
    database().exec(shipped[0]?.sql ?? '');
    database().exec(`
      INSERT INTO certificates VALUES ('c1', 'CN=a', 'CN=ca', 1, 2, 'pk', 'pem', 'AA:BB', 'VALID', 3);
      INSERT INTO agents VALUES ('a1', 'Agent', 'pk', 'c1', NULL, '1.0.0', NULL, 1, 2, 3, 'ACTIVE', 'owner');
      INSERT INTO agent_metadata VALUES ('a1', 'greeting', 'hi'), ('gone', 'k', 'v');`);

    await expect(apply(shipped)).resolves.toEqual(names.slice(1));

    expect(inspectMigrations(database(), shipped)).toEqual({ applied: names, pending: [], unknown: [], failed: [] });
    expect(database().prepare('SELECT id, status FROM agents').all()).toEqual([{ id: 'a1', status: 'ACTIVE' }]);
    expect(database().prepare('SELECT value FROM agent_metadata').all()).toEqual([{ value: '"hi"' }]);
  });

  test('is refused where anything else did, and stays as it is', async () => {
    database().exec('CREATE TABLE agents (id INTEGER PRIMARY KEY)');
    await expect(apply(shipped)).rejects.toMatchObject({ reason: 'not-empty' });
    expect(tables()).toEqual(['agents']);
  });
});

describe('a database that another connection has locked', () => {
  test('is waited for without stopping the process', async () => {
    database().exec('BEGIN IMMEDIATE');
    setTimeout(() => database().exec('ROLLBACK'), 100);
    await expect(apply([first])).resolves.toEqual([first.name]);
  });

  test('is given up after the time to wait', async () => {
    database().exec('BEGIN IMMEDIATE');
    await expect(apply([first], 50)).rejects.toMatchObject({ reason: 'busy' });
  });

  test('may be read meanwhile, in WAL mode, and is not locked afterwards', async () => {
    database().pragma('journal_mode = WAL');
    database().exec('BEGIN; SELECT * FROM sqlite_schema');
    await expect(apply([first, second])).resolves.toHaveLength(2);
    expect(tables()).toEqual([]);
    database().exec('ROLLBACK; BEGIN IMMEDIATE; COMMIT');
    expect(tables()).toContain('more');
  });
});
