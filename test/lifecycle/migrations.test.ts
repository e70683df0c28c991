import { DatabaseService, type DatabaseEvent, type DatabaseOptions } from '../../src';
import { onPostgresql } from '../support/engine';
import { createAgent } from '../support/factories';
import { expectError } from '../support/expect-error';
import { changeRaw } from '../support/raw-writer';
import { afterTest, openTestDatabase, unmigratedDatabaseUrl } from '../support/test-database';

const unknownMigration = `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at)
  VALUES ('x', 'y', '29990101000000_from_the_future', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)`;

/** The default on SQLite. */
const apply: DatabaseOptions = onPostgresql ? { migrations: 'apply' } : {};

function createService(options: DatabaseOptions): DatabaseService {
  const db = new DatabaseService(options);
  afterTest(() => db.close());
  return db;
}

/** A database of this package that is closed. */
async function closedDatabase() {
  const { db, options } = await openTestDatabase();
  const id = await createAgent(db, { name: 'Kept' });
  await db.close();
  return { id, options };
}

describe('migrations: apply', () => {
  test('is the default and tells which migrations it applied', async () => {
    const onEvent = jest.fn();
    const info = jest.fn();
    const logger = { debug: jest.fn(), info, warn: jest.fn(), error: jest.fn() };
    const db = createService({ url: await unmigratedDatabaseUrl(), ...apply, onEvent, logger });
    await db.initialize();
    const applied: unknown = expect.arrayContaining([expect.stringMatching(/^\d{14}_\w+$/)]);
    expect(onEvent).toHaveBeenCalledWith(expect.objectContaining({ type: 'migration', applied }));
    expect(info).toHaveBeenCalledWith(expect.objectContaining({ applied }), expect.any(String));
  });

  test('refuses a database with a migration of a newer package: SCHEMA_TOO_NEW', async () => {
    const { options } = await closedDatabase();
    await changeRaw({ options }, unknownMigration);
    const error = await expectError('SCHEMA_TOO_NEW', () => createService({ ...options, ...apply }).initialize());
    expect(error).toMatchObject({ operation: 'initialize', retryable: false });
  });

  test('refuses a database that holds somebody else’s tables, and leaves it as it is', async () => {
    const url = await unmigratedDatabaseUrl();
    await changeRaw({ options: { url } }, 'CREATE TABLE agents (name TEXT)');
    await expectError('MIGRATION_FAILED', () => createService({ url, ...apply }).initialize());
    await changeRaw({ options: { url } }, "INSERT INTO agents (name) VALUES ('still theirs')");
  });
});

describe('migrations: verify', () => {
  test('fails on an empty file with SCHEMA_OUTDATED, and creates nothing in it', async () => {
    const url = await unmigratedDatabaseUrl();
    const error = await expectError('SCHEMA_OUTDATED', () => createService({ url, migrations: 'verify' }).initialize());
    expect(error).toMatchObject({ operation: 'initialize', retryable: false });
    const db = createService({ url, migrations: 'skip' });
    await db.initialize();
    expect((await db.migrateDatabase()).length).toBeGreaterThan(0);
  });

  test('succeeds on a database that is up to date', async () => {
    const { id, options } = await closedDatabase();
    const db = createService({ ...options, migrations: 'verify' });
    await db.initialize();
    expect(await db.getAgent(id)).toMatchObject({ name: 'Kept' });
  });

  test('fails on a history with an unknown migration with SCHEMA_TOO_NEW', async () => {
    const { options } = await closedDatabase();
    await changeRaw({ options }, unknownMigration);
    await expectError('SCHEMA_TOO_NEW', () => createService({ ...options, migrations: 'verify' }).initialize());
  });

  test('fails on a history that lacks a migration with SCHEMA_OUTDATED', async () => {
    const { options } = await closedDatabase();
    await changeRaw({ options }, "DELETE FROM _prisma_migrations WHERE migration_name LIKE '%_ans_initial'");
    await expectError('SCHEMA_OUTDATED', () => createService({ ...options, migrations: 'verify' }).initialize());
  });
});

describe('migrations: skip', () => {
  test('takes the schema as it is', async () => {
    const { id, options } = await closedDatabase();
    await changeRaw({ options }, unknownMigration);
    const db = createService({ ...options, migrations: 'skip' });
    await db.initialize();
    expect(await db.getAgent(id)).toMatchObject({ name: 'Kept' });
  });

  test('on an empty file leaves calls to fail with SCHEMA_OUTDATED until it is migrated', async () => {
    const db = createService({ url: await unmigratedDatabaseUrl(), migrations: 'skip' });
    await db.initialize();
    expect((await expectError('SCHEMA_OUTDATED', () => db.queryAgents({}))).operation).toBe('agents.query');
    await db.migrateDatabase();
    expect(await db.queryAgents({})).toEqual([]);
  });
});

describe('migrateDatabase', () => {
  test('gives the names of what it applied, in order, and none the second time', async () => {
    const db = createService({ url: await unmigratedDatabaseUrl(), migrations: 'skip' });
    await db.initialize();
    const names = await db.migrateDatabase();
    expect(names.length).toBeGreaterThan(0);
    expect(names).toEqual(names.toSorted());
    expect(await db.migrateDatabase()).toEqual([]);
    expect(await createAgent(db)).toMatch(/./);
  });

  test('gives a list of its own, whatever a listener does with what it is told', async () => {
    const onEvent = (event: DatabaseEvent): void => {
      if (event.type === 'migration') Reflect.set(event.applied, 'length', 0);
    };
    const db = createService({ url: await unmigratedDatabaseUrl(), migrations: 'skip', onEvent });
    await db.initialize();
    expect((await db.migrateDatabase()).length).toBeGreaterThan(0);
  });

  test('called twice at once applies everything once', async () => {
    const db = createService({ url: await unmigratedDatabaseUrl(), migrations: 'skip' });
    await db.initialize();
    const [first, second] = await Promise.all([db.migrateDatabase(), db.migrateDatabase()]);
    expect([...first, ...second]).toEqual(first.length > 0 ? first : second);
    expect(first.length + second.length).toBeGreaterThan(0);
  });

  test('fails with SCHEMA_TOO_NEW where a newer package was', async () => {
    const { options } = await closedDatabase();
    await changeRaw({ options }, unknownMigration);
    const db = createService({ ...options, migrations: 'skip' });
    await db.initialize();
    const error = await expectError('SCHEMA_TOO_NEW', () => db.migrateDatabase());
    expect(error.message).toMatch(/^Migration failed: /);
  });

  test('inside a transaction is refused with CONFLICT', async () => {
    const { db } = await openTestDatabase();
    await db.transaction(async () => {
      await expectError('CONFLICT', () => db.migrateDatabase());
    });
    expect(await db.migrateDatabase()).toEqual([]);
  });
});
