import { inspect } from 'node:util';
import { DatabaseServiceFactory, type DatabaseService } from '../../src';
import { agentInput, certificateInput, createAgent, createCertificate, eventInput } from '../support/factories';
import { onPostgresql } from '../support/engine';
import { expectError } from '../support/expect-error';
import { changeRaw } from '../support/raw-writer';
import { sampled } from '../support/sampled';
import { testOn } from '../support/skip';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

/** Text in the refused record and in the error of the trigger; no error of the package may contain it. */
const secret = 's3cr3t-7f0e';

/** Opens a database with a certificate `c`, an agent `a` and these additions of the application. */
async function openWith(...added: readonly string[]): Promise<TestDatabase> {
  const database = await openTestDatabase();
  await database.db.createCertificate(certificateInput({ id: 'c' }));
  await createAgent(database.db, { id: 'a', certificateId: 'c' });
  for (const sql of added) await changeRaw(database, sql);
  return database;
}

/**
 * Returns SQL that creates a table of the application and a trigger on agents. The table refuses every row that the
 * trigger inserts.
 */
const auditWith = (column: string): string[] => [
  `CREATE TABLE audit (${column})`,
  ...(onPostgresql
    ? trigger(`INSERT INTO audit VALUES (NULL); RETURN NEW;`)
    : [`CREATE TRIGGER watch BEFORE INSERT ON agents BEGIN INSERT INTO audit VALUES (NULL); END`]),
];

/** Returns SQL that creates a PL/pgSQL trigger on agents, by default before every insert. */
const trigger = (body: string, when = 'BEFORE INSERT', kind = ''): string[] => [
  `CREATE FUNCTION refuse_agent() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$`,
  `CREATE ${kind} TRIGGER refuse ${when} ON agents ${kind === '' ? '' : 'DEFERRABLE INITIALLY DEFERRED'}
    FOR EACH ROW EXECUTE FUNCTION refuse_agent()`,
];

const refused = agentInput({ name: secret, owner: secret, certificateId: 'c' });

async function expectRefusal(database: TestDatabase, call: () => Promise<unknown>, name: string): Promise<void> {
  const error = await expectError('CONSTRAINT_VIOLATION', call);
  expect([error.retryable, error.field]).toEqual([false, undefined]);
  expect(error.message).toContain(name);
  expect(error.message).toContain('that the application added');
  expect(inspect(error, { showHidden: true }) + error.message).not.toMatch(/s3cr3t|length|RAISE/);
  expect(await database.db.agents.count()).toBe(1);
}

/** Returns SQL that creates a trigger of SQLite that raises an error. */
const raise = (kind: 'ABORT' | 'FAIL' | 'ROLLBACK'): string[] => [
  `CREATE TRIGGER t BEFORE INSERT ON agents BEGIN SELECT RAISE(${kind}, '${secret}'); END`,
];

const sqliteAdditions: readonly (readonly [what: string, added: readonly string[], name: string])[] = [
  ['a trigger', raise('ABORT'), 'trigger'],
  ['a trigger that fails', raise('FAIL'), ''],
  ['a trigger that rolls back', raise('ROLLBACK'), ''],
  ['a named CHECK', auditWith('a TEXT CONSTRAINT audited CHECK (a IS NOT NULL)'), 'audited'],
  ['a CHECK without a name', auditWith('a TEXT CHECK (length(coalesce(a, 0)) > 3)'), 'a constraint'],
  ['a NOT NULL column', auditWith('a TEXT NOT NULL'), 'audit.a'],
  ['a unique index', ['CREATE UNIQUE INDEX one_agent_a_certificate ON agents (certificate_id)'], 'certificate_id'],
  ['a unique expression index', ['CREATE UNIQUE INDEX one_agent ON agents (length(certificate_id))'], 'one_agent'],
  [
    'a STRICT table',
    [
      'CREATE TABLE s (n INTEGER) STRICT',
      `CREATE TRIGGER t BEFORE INSERT ON agents BEGIN INSERT INTO s VALUES (NEW.name); END`,
    ],
    '',
  ],
  [
    'a trigger that lacks a table',
    ['CREATE TRIGGER t BEFORE INSERT ON agents BEGIN INSERT INTO nowhere VALUES (NEW.name); END'],
    'trigger',
  ],
];

const postgresqlAdditions: typeof sqliteAdditions = [
  ['a trigger', trigger(`RAISE EXCEPTION '${secret}';`), 'refuse_agent'],
  ['a trigger with a SQLSTATE of its own', trigger(`RAISE EXCEPTION '${secret}' USING ERRCODE = 'ANS01';`), 'refuse_agent'],
  ['a trigger with a SQLSTATE of a lost connection', trigger(`RAISE SQLSTATE '08006';`), 'refuse_agent'],
  ['a trigger with a SQLSTATE of wrong input', trigger(`RAISE SQLSTATE '22023';`), 'refuse_agent'],
  ['a trigger that names a constraint', trigger(`RAISE unique_violation USING CONSTRAINT = 'one_a_day';`), 'one_a_day'],
  ['a trigger with an assertion', trigger(`ASSERT false, '${secret}'; RETURN NEW;`), 'refuse_agent'],
  ['a trigger with a fault', trigger(`NEW.name := 1 / 0; RETURN NEW;`), 'refuse_agent'],
  ['a trigger that lacks a table', trigger(`INSERT INTO nowhere VALUES (1); RETURN NEW;`), 'refuse_agent'],
  ['a deferred trigger', trigger(`RAISE EXCEPTION '${secret}';`, 'AFTER INSERT', 'CONSTRAINT'), 'refuse_agent'],
  ['a CHECK', [`ALTER TABLE agents ADD CONSTRAINT owner_ok CHECK (owner = 'test-owner')`], 'owner_ok'],
  ['a NOT NULL column', [`ALTER TABLE agents ADD region text NOT NULL DEFAULT ''`, 'ALTER TABLE agents ALTER region DROP DEFAULT'], 'agents.region'],
  ['a column made NOT NULL', [`UPDATE agents SET description = ''`, 'ALTER TABLE agents ALTER description SET NOT NULL'], 'agents.description'],
  ['a unique index', ['CREATE UNIQUE INDEX one_agent_a_certificate ON agents (certificate_id)'], 'one_agent_a_certificate'],
  ['an exclusion constraint', ['ALTER TABLE agents ADD CONSTRAINT one_only EXCLUDE (certificate_id WITH =)'], 'one_only'],
  ['a domain', ['CREATE DOMAIN short AS text CONSTRAINT short_owner CHECK (length(VALUE) < 11)', 'ALTER TABLE agents ALTER owner TYPE short'], 'short_owner'],
  ['a constraint of another table', auditWith('a text CONSTRAINT audited CHECK (a IS NOT NULL)'), 'audited'],
]; // prettier-ignore

describe('constraints of the application', () => {
  const additions = onPostgresql ? postgresqlAdditions : sqliteAdditions;
  test.each(sampled(additions, 2))(
    'a write of an agent fails with CONSTRAINT_VIOLATION because of %s',
    async (_, added, name) => {
      const database = await openWith(...added);
      await expectRefusal(database, () => database.db.createAgent(refused), name);
    },
  );

  test.each(additions.slice(0, 1))(
    'createMany, register and a transaction fail with CONSTRAINT_VIOLATION because of %s',
    async (_, added, name) => {
      const { database, db } = await openWith(...added);
      await expectRefusal(database, () => db.agents.createMany([refused]), name);
      await expectRefusal(database, () => db.transaction((tx) => tx.createAgent(refused)), name);
      await db.transaction(async (tx) => {
        await expectError('CONSTRAINT_VIOLATION', () => tx.createAgent(refused));
        if (onPostgresql) expect(await tx.updateAgent({ id: 'a', name: 'renamed' })).toBe(true);
      });
      const certificate = certificateInput({ id: 'c2' });
      await expectRefusal(
        database,
        () => db.register({ certificate, agent: { ...refused, certificateId: 'c2' } }),
        name,
      );
      expect(await db.getCertificate('c2')).toBeNull();
    },
  );
});

describe('triggers of the application', () => {
  const entryTable = onPostgresql ? 'security_event_pending_entries' : 'security_event_entries';
  const refuse = (table: string): string[] =>
    onPostgresql
      ? [
          `CREATE FUNCTION no_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '${secret}'; END $$`,
          `CREATE TRIGGER t BEFORE INSERT OR UPDATE OR DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION no_change()`,
        ]
      : ['INSERT', 'UPDATE', 'DELETE'].map(
          (event) => `CREATE TRIGGER t${event} BEFORE ${event} ON ${table} BEGIN SELECT RAISE(ABORT, '${secret}'); END`,
        );

  test.each<[string, string, (database: TestDatabase) => Promise<unknown>]>([
    ['updateAgent', 'agents', ({ db }) => db.updateAgent({ id: 'a', name: 'b' })],
    ['deleteAgent', 'agents', ({ db }) => db.deleteAgent('a')],
    ['agents.setStatus', 'agents', ({ db }) => db.agents.setStatus('a', 'SUSPENDED')],
    ['agents.setMetadata', 'agent_metadata', ({ db }) => db.agents.setMetadata('a', { k: secret })],
    ['agents.setCapabilities', 'capabilities', ({ db }) => db.agents.setCapabilities('a', [secret])],
    ['createCertificate', 'certificates', ({ db }) => db.createCertificate(certificateInput({ subject: secret }))],
    ['updateCertificateStatus', 'certificates', ({ db }) => db.updateCertificateStatus('c', 'SUSPENDED')],
    [
      'certificates.revoke',
      'certificates',
      ({ db }) => db.certificates.revoke('c', { reason: 'unspecified', agents: 'keep' }),
    ],
    ['recordSecurityEvent', 'security_events', ({ db }) => db.recordSecurityEvent(eventInput({ source: secret }))],
    ['a security event’s entry', entryTable, ({ db }) => db.recordSecurityEvent(eventInput())],
    ['a change’s entry', 'changes', ({ db }) => db.updateAgent({ id: 'a', name: 'b' })],
  ])(
    'a change that a trigger of the application refuses fails with CONSTRAINT_VIOLATION: %s',
    async (_, table, call) => {
      const database = await openWith(...refuse(table));
      await expectRefusal(database, () => call(database), 'trigger');
    },
  );
});

testOn('postgresql', 'createAgent is retried when a trigger raises a serialization failure', async () => {
  const database = await openWith(
    'CREATE SEQUENCE tries',
    ...trigger(`IF nextval('tries') < 3 THEN RAISE SQLSTATE '40001'; END IF; RETURN NEW;`),
  );
  await expect(database.db.createAgent(refused)).resolves.toEqual(expect.any(String));
});

test('createAgent fails with ALREADY_EXISTS for a taken id although the application has a unique index', async () => {
  const { db } = await openWith('CREATE UNIQUE INDEX one_agent_a_certificate ON agents (certificate_id)');
  const certificateId = await createCertificate(db);
  const error = await expectError('ALREADY_EXISTS', () => createAgent(db, { id: 'a', certificateId }));
  expect(error).toMatchObject({ entity: 'agent', field: 'id' });
});

testOn('postgresql', 'the error of createMany names the unique constraint of the application, not the id', async () => {
  const database = await openWith('CREATE UNIQUE INDEX one_agent_a_certificate ON agents (certificate_id)');
  const call = () => database.db.agents.createMany([refused], { onError: 'collect' });
  await expectRefusal(database, call, 'one_agent_a_certificate');
});

const endpoint = { id: 'main', protocol: 'https', address: 'https://a.example', port: 443 };

/** Opens a database with a table of the application that refers to a record. */
async function openReferenced(reference: string, value: string): Promise<DatabaseService> {
  const type = onPostgresql ? 'TEXT COLLATE "C"' : 'TEXT';
  const { database, db } = await openTestDatabase();
  await createCertificate(db, { id: 'c' });
  await createAgent(db, { id: 'a', certificateId: 'c', endpoints: [endpoint], capabilities: ['x'] });
  await createCertificate(db, { id: 'free' });
  await db.recordSecurityEvent(eventInput({ id: 'e', timestamp: new Date(0) }));
  await changeRaw(database, `CREATE TABLE app_notes (ref ${type} REFERENCES ${reference})`);
  await changeRaw(database, `INSERT INTO app_notes (ref) VALUES (${value})`);
  return db;
}

type Removal = readonly [
  name: string,
  reference: string,
  value: string,
  entity: string,
  call: (db: DatabaseService) => Promise<unknown>,
];

test.each<Removal>([
  ['deleteAgent', 'agents (id)', "'a'", 'agent', (db) => db.deleteAgent('a')],
  ['tx.deleteAgent', 'agents (id)', "'a'", 'agent', (db) => db.transaction((tx) => tx.deleteAgent('a'))],
  ['certificates.delete', 'certificates (id)', "'free'", 'certificate', (db) => db.certificates.delete('free')],
  ['events.prune', 'security_events (id)', "'e'", 'securityEvent', (db) => db.events.prune({ before: new Date(1) })],
  ['setCapabilities', 'capabilities (name)', "'x'", 'agent', (db) => db.agents.setCapabilities('a', [])],
])(
  '%s fails with STILL_REFERENCED when a table of the application refers to the record',
  async (_, table, value, entity, call) => {
    const db = await openReferenced(table, value);
    const error = await expectError('STILL_REFERENCED', () => call(db));
    expect(error).toMatchObject({ retryable: false, entity });
    expect(error.message).toMatch(/: other records still refer to this record$/);
    expect(await db.getAgent('a')).toMatchObject({ capabilities: ['x'] });
    expect(await db.certificates.get('free')).not.toBeNull();
  },
);

test('updateAgent reports REFERENCE_NOT_FOUND for an unknown certificate although an application table refers to the agent', async () => {
  const db = await openReferenced('agents (id)', "'a'");
  const error = await expectError('REFERENCE_NOT_FOUND', () => db.updateAgent({ id: 'a', certificateId: 'unknown' }));
  expect(error).toMatchObject({ entity: 'certificate', field: 'certificateId' });
});

testOn('postgresql', 'updateAgent cannot remove an endpoint to which an application table refers', async () => {
  const { database, db } = await openTestDatabase();
  await createAgent(db, { id: 'a', endpoints: [endpoint] });
  await changeRaw(
    database,
    'CREATE TABLE app_routes (a TEXT COLLATE "C", e TEXT COLLATE "C", FOREIGN KEY (a, e) REFERENCES endpoints (agent_id, id))',
  );
  await changeRaw(database, "INSERT INTO app_routes VALUES ('a', 'main')");
  const error = await expectError('STILL_REFERENCED', () => db.updateAgent({ id: 'a', endpoints: [] }));
  expect(error).toMatchObject({ entity: 'agent' });
  expect(error.field).toBeUndefined();
});

testOn('postgresql', 'createAgent fails with CONSTRAINT_VIOLATION for a foreign key of the application', async () => {
  const database = await openTestDatabase();
  await changeRaw(database, 'CREATE TABLE app_owners (id TEXT COLLATE "C" PRIMARY KEY)');
  await changeRaw(database, 'ALTER TABLE agents ADD CONSTRAINT app_owner FOREIGN KEY (owner) REFERENCES app_owners');
  const certificateId = await createCertificate(database.db);
  const error = await expectError('CONSTRAINT_VIOLATION', () => createAgent(database.db, { certificateId }));
  expect(error.message).toContain('app_owner');
  await database.db.createCertificate(certificateInput());
});

testOn('postgresql', 'resetDatabase cannot remove tables to which an application table refers', async () => {
  const database = await openTestDatabase();
  await changeRaw(database, 'CREATE TABLE app_notes (ref TEXT COLLATE "C" REFERENCES agents (id))');
  await DatabaseServiceFactory.getInstance({ url: database.options.url, allowReset: true });
  await expectError('STILL_REFERENCED', () => DatabaseServiceFactory.resetDatabase());
});
