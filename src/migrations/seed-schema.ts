import type { Database } from 'better-sqlite3';

/** The tables and columns of the design that this package started from, which the first migration makes. */
const seedTables: Readonly<Record<string, readonly string[]>> = {
  agents: [
    'id',
    'name',
    'public_key',
    'certificate_id',
    'default_endpoint_id',
    'version',
    'description',
    'created_at',
    'updated_at',
    'expires_at',
    'status',
    'owner',
  ],
  endpoints: ['id', 'agent_id', 'protocol', 'address', 'port', 'health_status', 'last_checked', 'health_message'],
  capabilities: ['id', 'name'],
  agent_capabilities: ['agent_id', 'capability_id'],
  agent_metadata: ['agent_id', 'key', 'value'],
  certificates: [
    'id',
    'subject',
    'issuer',
    'not_before',
    'not_after',
    'public_key',
    'certificate',
    'fingerprint',
    'status',
    'created_at',
  ],
  certificate_metadata: ['certificate_id', 'key', 'value'],
  security_events: [
    'id',
    'timestamp',
    'event_type',
    'severity',
    'source',
    'target',
    'description',
    'mitigation_applied',
    'mitigation_details',
  ],
  security_event_metadata: ['event_id', 'key', 'value'],
};

/** Reports whether the database is empty. */
export function isEmpty(connection: Database): boolean {
  const objects =
    "SELECT 1 FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND tbl_name <> '_prisma_migrations'";
  return connection.prepare(objects).get() === undefined;
}

/** Reports whether the database has each of the seed's tables, with the seed's columns in the seed's order. */
export function hasSeedSchema(connection: Database): boolean {
  const columns = connection.prepare<[string], string>('SELECT name FROM pragma_table_info(?) ORDER BY cid').pluck();
  return Object.entries(seedTables).every(([table, expected]) => columns.all(table).join() === expected.join());
}

/** Reports whether the database has each of the seed's tables, with any columns that later migrations gave them. */
export function hasSeedTables(connection: Database): boolean {
  const tables = connection.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
  return Object.keys(seedTables).every((table) => tables.includes(table));
}
