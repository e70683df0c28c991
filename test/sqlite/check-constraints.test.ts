import { createAgent, createCertificate, eventInput } from '../support/factories';
import { readSqlite } from '../support/raw-reader';
import { changeRaw, openSqlite } from '../support/raw-writer';
import { tableNames } from '../support/tables';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

/** Values that no column of the kind may hold. */
const badValues = {
  text: ["x'6162'"],
  time: ["'2026-01-01T00:00:00.000Z'", "''", "x'00'", '1.5', '-62135596800001', '253402300800000', '9e999'],
  flag: ['2', '-1', "'true'", "x'01'", '0.5'],
  choice: ["'X'", "''", "'active'", "x'414354495645'", '1'],
  port: ['0', '65536', '-1', '1.5', "'x'", "x'01'"],
  count: ['-1', '0.5', "'x'", "x'01'"],
} as const;

type Kind = keyof typeof badValues;

/** The columns of each table that have a CHECK constraint. Integer primary keys need none. */
const guarded: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  agents: {
    ...texts('id', 'name', 'name_folded', 'public_key', 'certificate_id', 'default_endpoint_id', 'version'),
    ...texts('version_key', 'description', 'owner', 'unique_key', 'deprecation_reason', 'successor_id'),
    ...times('created_at', 'updated_at', 'expires_at', 'deprecated_at'),
    status: 'choice',
  },
  endpoints: {
    ...texts('id', 'agent_id', 'protocol', 'address', 'health_message', 'metadata'),
    ...times('last_checked'),
    position: 'count',
    port: 'port',
    health_status: 'choice',
  },
  capabilities: texts('id', 'name'),
  agent_capabilities: texts('agent_id', 'capability_id'),
  agent_metadata: texts('agent_id', 'key', 'value'),
  certificates: {
    ...texts('id', 'subject', 'subject_folded', 'issuer', 'issuer_folded', 'public_key', 'certificate', 'fingerprint'),
    ...texts('fingerprint_key', 'serial_number', 'replaced_by'),
    ...times('not_before', 'not_after', 'created_at', 'revoked_at'),
    status: 'choice',
    revocation_reason: 'choice',
  },
  certificate_metadata: texts('certificate_id', 'key', 'value'),
  security_events: {
    ...texts('id', 'event_type', 'source', 'target', 'description', 'mitigation_details'),
    ...times('timestamp'),
    severity: 'choice',
    mitigation_applied: 'flag',
  },
  security_event_metadata: texts('event_id', 'key', 'value'),
  security_event_entries: {
    ...texts('event_id', 'mitigation_details', 'digest', 'hash'),
    ...times('entered_at'),
    kind: 'choice',
    mitigation_applied: 'flag',
  },
  security_event_pending_entries: {
    ...texts('event_id', 'mitigation_details', 'digest'),
    ...times('entered_at'),
    kind: 'choice',
    mitigation_applied: 'flag',
  },
  security_event_checkpoints: { ...texts('hash'), ...times('created_at'), count: 'count' },
  changes: { ...texts('entity_id'), ...times('changed_at'), entity: 'choice', kind: 'choice' },
};

function texts(...columns: readonly string[]): Record<string, Kind> {
  return Object.fromEntries(columns.map((column) => [column, 'text']));
}

function times(...columns: readonly string[]): Record<string, Kind> {
  return Object.fromEntries(columns.map((column) => [column, 'time']));
}

/** Adds a pending entry, which only PostgreSQL uses. */
const addPending = `INSERT INTO security_event_pending_entries (event_id, kind, entered_at, digest)
  SELECT event_id, kind, entered_at, digest FROM security_event_entries`;

/** Opens a database with a row in each table. */
async function openFilled(): Promise<TestDatabase> {
  const database = await openTestDatabase();
  const { db } = database;
  await createCertificate(db, { id: 'c', metadata: { k: 1 } });
  await createAgent(db, {
    certificateId: 'c',
    capabilities: ['read'],
    metadata: { k: 1 },
    endpoints: [{ id: 'm', protocol: 'p', address: 'a', port: 1 }],
  });
  await db.events.record(eventInput({ metadata: { k: 1 } }));
  await changeRaw(database, addPending);
  return database;
}

describe('the tables of the schema', () => {
  test('every column except integer primary keys has a CHECK constraint that is named after the column', async () => {
    const database = await openTestDatabase();
    const sql = readSqlite(database.options.url, (driver) =>
      driver.prepare<[], string>("SELECT sql FROM sqlite_schema WHERE type = 'table'").pluck().all().join('\n'),
    );
    const columns = readSqlite(database.options.url, (driver) =>
      tableNames.flatMap((table) =>
        driver
          .prepare<[string], string>("SELECT name FROM pragma_table_info(?) WHERE NOT (pk = 1 AND type = 'INTEGER')")
          .pluck()
          .all(table)
          .map((column) => `${table}.${column}`),
      ),
    );
    const expected = Object.entries(guarded).flatMap(([table, names]) =>
      Object.keys(names).map((column) => `${table}.${column}`),
    );
    expect(columns.sort()).toEqual(expected.sort());
    for (const name of expected) expect(sql).toContain(`CONSTRAINT "${name.replace('.', '_')}_check" CHECK (`);
  });

  test('the tables of the schema refuse values of another type or out of range', async () => {
    const database = await openFilled();
    const driver = openSqlite(database.options.url);
    driver.pragma('foreign_keys = OFF');
    const accepted: string[] = [];
    for (const [table, columns] of Object.entries(guarded)) {
      if (driver.prepare(`SELECT count(*) FROM ${table}`).pluck().get() === 0) throw new Error(`${table} is empty`);
      for (const [column, kind] of Object.entries(columns)) {
        for (const value of badValues[kind]) {
          const update = driver.prepare(`UPDATE ${table} SET ${column} = ${value}`);
          try {
            update.run();
            accepted.push(`${table}.${column} = ${value}`);
          } catch (error) {
            expect(error).toMatchObject({
              code: 'SQLITE_CONSTRAINT_CHECK',
              message: `CHECK constraint failed: ${table}_${column}_check`,
            });
          }
        }
      }
    }
    driver.close();
    expect(accepted).toEqual([]);
    expect(await database.db.check()).toMatchObject({ ok: true });
  });
});

test('the tables of capabilities, endpoints and metadata are WITHOUT ROWID tables', async () => {
  const { options } = await openTestDatabase();
  const select = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND wr = 1 AND name NOT LIKE '%search%'";
  const names = readSqlite(options.url, (driver) => driver.prepare<[], string>(`${select} ORDER BY 1`).pluck().all());
  const [agents, others] = [
    ['agent_capabilities', 'agent_metadata'],
    ['certificate_metadata', 'endpoints'],
  ];
  expect(names).toEqual([...agents, ...others, 'security_event_metadata']);
});
