import { DatabaseServiceFactory, type DatabaseService } from '../../src';
import { onPostgresql } from '../support/engine';
import { expectError } from '../support/expect-error';
import { certificateInput, createAgent, createCertificate, eventInput } from '../support/factories';
import { spoilDatabase } from '../support/postgresql-databases';
import { changeRaw } from '../support/raw-writer';
import { testOn } from '../support/skip';
import { openTestDatabase } from '../support/test-database';

const endpoint = { id: 'main', protocol: 'https', address: 'https://a.example', port: 443 };

/** A database with a table of the application's own, which refers to the given table's record. */
async function openWith(reference: string, value: string): Promise<DatabaseService> {
  const database = await openTestDatabase();
  if (onPostgresql) spoilDatabase(database.options.url);
  const { db } = database;
  await createCertificate(db, { id: 'c' });
  await createAgent(db, { id: 'a', certificateId: 'c', endpoints: [endpoint], capabilities: ['x'] });
  await createCertificate(db, { id: 'free' });
  await db.recordSecurityEvent(eventInput({ id: 'e', timestamp: new Date(0) }));
  const type = onPostgresql ? 'TEXT COLLATE "C"' : 'TEXT';
  await changeRaw(database, `CREATE TABLE app_notes (ref ${type} REFERENCES ${reference})`);
  await changeRaw(database, `INSERT INTO app_notes (ref) VALUES (${value})`);
  return db;
}

test.each([
  ['deleteAgent', 'agents (id)', "'a'", (db: DatabaseService) => db.deleteAgent('a'), 'agent'],
  [
    'deleteAgent in a transaction',
    'agents (id)',
    "'a'",
    (db: DatabaseService) => db.transaction((tx) => tx.deleteAgent('a')),
    'agent',
  ],
  [
    'certificates.delete',
    'certificates (id)',
    "'free'",
    (db: DatabaseService) => db.certificates.delete('free'),
    'certificate',
  ],
  [
    'events.prune',
    'security_events (id)',
    "'e'",
    (db: DatabaseService) => db.events.prune({ before: new Date(1) }),
    'securityEvent',
  ],
  [
    'setCapabilities',
    'capabilities (name)',
    "'x'",
    (db: DatabaseService) => db.agents.setCapabilities('a', []),
    'agent',
  ],
] as const)(
  '%s fails with STILL_REFERENCED when a table of the application refers to the record',
  async (_, table, value, call, entity) => {
    const db = await openWith(table, value);
    const error = await expectError('STILL_REFERENCED', () => call(db));
    expect(error).toMatchObject({ retryable: false, entity });
    expect(error.message).toMatch(/: other records still refer to this record$/);
    expect(await db.getAgent('a')).toMatchObject({ capabilities: ['x'] });
    expect(await db.certificates.get('free')).not.toBeNull();
  },
);

test('an unknown certificate still fails with REFERENCE_NOT_FOUND', async () => {
  const db = await openWith('agents (id)', "'a'");
  const error = await expectError('REFERENCE_NOT_FOUND', () => db.updateAgent({ id: 'a', certificateId: 'unknown' }));
  expect(error).toMatchObject({ entity: 'certificate', field: 'certificateId' });
});

testOn(
  'postgresql',
  'replacing endpoints fails with STILL_REFERENCED when a table of the application refers to them',
  async () => {
    const database = await openTestDatabase();
    spoilDatabase(database.options.url);
    const { db } = database;
    await createAgent(db, { id: 'a', endpoints: [endpoint] });
    await changeRaw(
      database,
      'CREATE TABLE app_routes (a TEXT COLLATE "C", e TEXT COLLATE "C", FOREIGN KEY (a, e) REFERENCES endpoints (agent_id, id))',
    );
    await changeRaw(database, "INSERT INTO app_routes VALUES ('a', 'main')");
    const error = await expectError('STILL_REFERENCED', () => db.updateAgent({ id: 'a', endpoints: [] }));
    expect(error).toMatchObject({ entity: 'agent' });
    expect(error.field).toBeUndefined();
  },
);

testOn(
  'postgresql',
  'a violated foreign key of the application on a table of this package fails with CONSTRAINT_VIOLATION',
  async () => {
    const database = await openTestDatabase();
    spoilDatabase(database.options.url);
    await changeRaw(database, 'CREATE TABLE app_owners (id TEXT COLLATE "C" PRIMARY KEY)');
    await changeRaw(database, 'ALTER TABLE agents ADD CONSTRAINT app_owner FOREIGN KEY (owner) REFERENCES app_owners');
    const certificateId = await createCertificate(database.db);
    const error = await expectError('CONSTRAINT_VIOLATION', () => createAgent(database.db, { certificateId }));
    expect(error.message).toContain('app_owner');
    await database.db.createCertificate(certificateInput());
  },
);

testOn(
  'postgresql',
  'resetDatabase fails with STILL_REFERENCED when a table of the application refers to a table of this package',
  async () => {
    const database = await openTestDatabase();
    spoilDatabase(database.options.url);
    await changeRaw(database, 'CREATE TABLE app_notes (ref TEXT COLLATE "C" REFERENCES agents (id))');
    await DatabaseServiceFactory.getInstance({ url: database.options.url, allowReset: true });
    await expectError('STILL_REFERENCED', () => DatabaseServiceFactory.resetDatabase());
  },
);
