import { DatabaseService, type DatabaseEvent, type DatabaseOptions } from '../../src';
import { onPostgresql } from '../support/engine';
import { createAgent } from '../support/factories';
import { expectError } from '../support/expect-error';
import { insertHistorySql, migrationNames } from '../support/migrations';
import { changeRaw } from '../support/raw-writer';
import { afterTest, openTestDatabase, unmigratedDatabaseUrl } from '../support/test-database';

const unknownMigration = insertHistorySql('29990101000000_ans_from_the_future');
const applicationMigration = insertHistorySql('29990101000000_from_the_future');

/** Options that apply migrations; on SQLite, that is the default. */
const apply: DatabaseOptions = onPostgresql ? { migrations: 'apply' } : {};

function createService(options: DatabaseOptions): DatabaseService {
  const db = new DatabaseService(options);
  afterTest(() => db.close());
  return db;
}

/** Creates a database of this package with one agent, and closes it. */
async function closedDatabase() {
  const { db, options } = await openTestDatabase();
  const id = await createAgent(db, { name: 'Kept' });
  await db.close();
  return { id, options };
}

test('migrations: apply reports the names of the applied migrations to onEvent and the logger', async () => {
  const onEvent = jest.fn();
  const info = jest.fn();
  const logger = { debug: jest.fn(), info, warn: jest.fn(), error: jest.fn() };
  const db = createService({ url: await unmigratedDatabaseUrl(), ...apply, onEvent, logger });
  await db.initialize();
  expect(onEvent).toHaveBeenCalledWith(expect.objectContaining({ type: 'migration', applied: migrationNames }));
  const details = { applied: migrationNames, durationMs: expect.any(Number) as unknown };
  expect(info).toHaveBeenCalledWith(details, 'migrations applied');
});

describe.each(['apply', 'verify'] as const)('migrations: %s', (migrations) => {
  test('initialize ignores the migrations of an application', async () => {
    const { id, options } = await closedDatabase();
    await changeRaw({ options }, applicationMigration);
    const db = createService({ ...options, migrations });
    await db.initialize();
    expect(await db.getAgent(id)).toMatchObject({ name: 'Kept' });
    expect(await db.health()).toMatchObject({ status: 'up', pendingMigrations: [] });
    expect(await db.migrateDatabase()).toEqual([]);
  });

  test('initialize fails with SCHEMA_TOO_NEW when a newer version has migrated the database', async () => {
    const { options } = await closedDatabase();
    await changeRaw({ options }, unknownMigration);
    const error = await expectError('SCHEMA_TOO_NEW', () => createService({ ...options, migrations }).initialize());
    expect(error).toMatchObject({ operation: 'initialize', retryable: false });
    expect(error.message).toContain(
      'the database has migrations of a newer version: 29990101000000_ans_from_the_future',
    );
  });

  test('initialize fails and changes nothing when the database has other tables and no migration history', async () => {
    const url = await unmigratedDatabaseUrl();
    await changeRaw({ options: { url } }, 'CREATE TABLE agents (name TEXT)');
    const code = migrations === 'apply' ? 'MIGRATION_FAILED' : 'SCHEMA_OUTDATED';
    await expectError(code, () => createService({ url, migrations }).initialize());
    await changeRaw({ options: { url } }, "INSERT INTO agents (name) VALUES ('still theirs')");
  });
});

describe('migrations: verify', () => {
  test('migrations: verify fails with SCHEMA_OUTDATED for an empty database and does not change it', async () => {
    const url = await unmigratedDatabaseUrl();
    const error = await expectError('SCHEMA_OUTDATED', () => createService({ url, migrations: 'verify' }).initialize());
    expect(error).toMatchObject({ operation: 'initialize', retryable: false });
    const db = createService({ url, migrations: 'skip' });
    await db.initialize();
    expect(await db.migrateDatabase()).toEqual(migrationNames);
  });

  test('migrations: verify fails with SCHEMA_OUTDATED when the migration history lacks a migration', async () => {
    const { options } = await closedDatabase();
    await changeRaw({ options }, "DELETE FROM _prisma_migrations WHERE migration_name LIKE '%_ans_initial'");
    await expectError('SCHEMA_OUTDATED', () => createService({ ...options, migrations: 'verify' }).initialize());
  });
});

describe('migrateDatabase', () => {
  async function openUnmigrated(options: DatabaseOptions = {}): Promise<DatabaseService> {
    const db = createService({ url: await unmigratedDatabaseUrl(), migrations: 'skip', ...options });
    await db.initialize();
    return db;
  }

  test('migrateDatabase applies the migrations in order, and calls before it fail with SCHEMA_OUTDATED', async () => {
    const db = await openUnmigrated();
    expect((await expectError('SCHEMA_OUTDATED', () => db.queryAgents({}))).operation).toBe('agents.query');
    expect(await db.migrateDatabase()).toEqual(migrationNames);
    expect(await db.migrateDatabase()).toEqual([]);
    expect(await db.queryAgents({})).toEqual([]);
    expect(await createAgent(db)).toMatch(/./);
  });

  test('migrateDatabase returns an array that the callback onEvent cannot change', async () => {
    const onEvent = (event: DatabaseEvent): void => {
      if (event.type === 'migration') Reflect.set(event.applied, 'length', 0);
    };
    const db = await openUnmigrated({ onEvent });
    expect((await db.migrateDatabase()).length).toBeGreaterThan(0);
  });

  test('migrateDatabase fails with SCHEMA_TOO_NEW when a newer version has migrated the database', async () => {
    const { id, options } = await closedDatabase();
    await changeRaw({ options }, unknownMigration);
    const db = createService({ ...options, migrations: 'skip' });
    await db.initialize();
    expect(await db.getAgent(id)).toMatchObject({ name: 'Kept' });
    const error = await expectError('SCHEMA_TOO_NEW', () => db.migrateDatabase());
    expect(error.message).toMatch(/^Migration failed: /);
  });
});
