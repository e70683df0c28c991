import type { DatabaseService } from '../../src';
import { onPostgresql } from '../support/engine';
import { expectError } from '../support/expect-error';
import { changeRawUnchecked } from '../support/raw-writer';
import { openFilled } from './invalid-records';

/** A field of the record `bad` that `sql` makes invalid. */
type Invalid = readonly [field: string, sql: string];

interface Reads {
  readonly entity: string;
  /** Reads a record by its id. */
  readonly get: (db: DatabaseService, id: string) => Promise<unknown>;
  /** Calls that read all records at once. */
  readonly all: readonly ((db: DatabaseService) => Promise<unknown>)[];
  readonly invalid: readonly Invalid[];
}

const blob = ["x'6162'"];
const noJson = ["'{'"];
const noTime = onPostgresql
  ? ["'infinity'", "'10000-01-01 00:00:00+00'"]
  : ["'2026-01-01T00:00:00Z'", '1.5', '9e15', ...blob];

/** Returns an entry for each value of each column. The field is the name after a colon, or the column in camel case. */
function invalid(table: string, key: string, values: readonly string[], ...columns: readonly string[]): Invalid[] {
  return columns.flatMap((text) => {
    const [column = '', name] = text.split(':');
    const field = name ?? column.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    return values.map((value): Invalid => [field, `UPDATE ${table} SET ${column} = ${value} WHERE ${key} = 'bad'`]);
  });
}

/** Returns the entries on SQLite, and none on PostgreSQL, which cannot store their values. */
const onSqlite = (...rows: readonly Invalid[]): readonly Invalid[] => (onPostgresql ? [] : rows);

const agents: Reads = {
  entity: 'agent',
  get: (db, id) => db.getAgent(id),
  all: [
    (db) => db.queryAgents({}),
    (db) => db.agents.getMany(['good', 'bad']),
    (db) => db.agents.page({ orderBy: 'id' }),
  ],
  invalid: [
    ...invalid('agents', 'id', noTime, 'created_at', 'updated_at', 'expires_at'),
    ...invalid('agents', 'id', noTime, 'deprecated_at:deprecation.at'),
    ...invalid('agent_metadata', 'agent_id', noJson, 'value:metadata'),
    ...onSqlite(
      ...invalid('agents', 'id', blob, 'name', 'public_key', 'version', 'owner', 'description'),
      ...invalid('agents', 'id', blob, 'default_endpoint_id:defaultEndpoint'),
      ...invalid('agents', 'id', blob, 'deprecated_at = 1, deprecation_reason:deprecation.reason'),
      ...invalid('agents', 'id', blob, 'deprecated_at = 1, successor_id:deprecation.successorId'),
      ...invalid('agents', 'id', ["'active'", ...blob], 'status'),
      ...invalid('agent_metadata', 'agent_id', blob, 'value:metadata', 'key:metadata'),
      ['capabilities', "UPDATE capabilities SET name = x'00' WHERE name = 'bad-capability'"],
    ),
  ],
};

const endpoints: Reads = {
  ...agents,
  entity: 'endpoint',
  invalid: [
    ...invalid('endpoints', 'agent_id', noTime, 'last_checked:health.lastChecked'),
    ...invalid('endpoints', 'agent_id', ['70000'], 'port'),
    ...invalid('endpoints', 'agent_id', noJson, 'metadata'),
    ...onSqlite(
      ...invalid('endpoints', 'agent_id', ["'x'", ...blob], 'port'),
      ...invalid('endpoints', 'agent_id', blob, 'protocol', 'address', 'health_message:health.message', 'metadata'),
      ...invalid('endpoints', 'agent_id', ["'healthy'"], 'health_status:health.status'),
    ),
  ],
};

const certificates: Reads = {
  entity: 'certificate',
  get: (db, id) => db.getCertificate(id),
  all: [(db) => db.certificates.query({ orderBy: 'id' }), (db) => db.certificates.query({ orderBy: 'subject' })],
  invalid: [
    ...invalid('certificates', 'id', noTime, 'not_before', 'not_after', 'created_at', 'revoked_at'),
    ...invalid('certificates', 'id', ["'because'"], 'revocation_reason'),
    ...invalid('certificate_metadata', 'certificate_id', noJson, 'value:metadata'),
    ...onSqlite(
      ...invalid('certificates', 'id', blob, 'subject', 'issuer', 'public_key', 'certificate', 'fingerprint'),
      ...invalid('certificates', 'id', blob, 'serial_number', 'replaced_by'),
      ...invalid('certificates', 'id', ["'valid'"], 'status'),
      ...invalid('certificate_metadata', 'certificate_id', blob, 'value:metadata'),
    ),
  ],
};

const events: Reads = {
  entity: 'securityEvent',
  get: (db, id) => db.events.get(id),
  all: [(db) => db.querySecurityEvents(), (db) => db.events.page({})],
  invalid: [
    ...invalid('security_events', 'id', noTime, 'timestamp'),
    ...invalid('security_event_metadata', 'event_id', noJson, 'value:metadata'),
    ...onSqlite(
      ...invalid('security_events', 'id', ['2', "'true'"], 'mitigation_applied'),
      ...invalid('security_events', 'id', blob, 'mitigation_details', 'event_type', 'source', 'target', 'description'),
      ...invalid('security_events', 'id', ["'high'"], 'severity'),
      ...invalid('security_event_metadata', 'event_id', blob, 'value:metadata'),
    ),
  ],
};

const cases = [agents, endpoints, certificates, events].flatMap(({ invalid: rows, ...reads }) =>
  rows.map(([field, sql]) => ({ ...reads, field, sql })),
);

test.each(cases)('a read reports an invalid row as CORRUPT with its id and field: $sql', async (row) => {
  const { database, db } = await openFilled();
  await changeRawUnchecked(database, row.sql);
  for (const read of [(service: DatabaseService) => row.get(service, 'bad'), ...row.all]) {
    const error = await expectError('CORRUPT', () => read(db));
    expect(error).toMatchObject({ entity: row.entity, field: row.field });
    expect(error.message).toContain('"bad"');
    expect(error.message).toContain(row.field);
  }
  expect(await row.get(db, 'good')).toMatchObject({ id: 'good' });
  const { findings, ok } = await db.check();
  expect(ok).toBe(false);
  // check() reports a capability as a record of its own.
  expect(JSON.stringify(findings)).toContain(row.field === 'capabilities' ? '"capability"' : '"bad"');
  expect((await db.events.verify()).valid).toBe(row.entity !== 'securityEvent');
});
