import type { DatabaseService } from '../../src';
import { onPostgresql } from '../support/engine';
import { changeRawUnchecked } from '../support/raw-writer';
import { failureOf, openFilled } from './invalid-records';

type Invalid = readonly [field: string, sql: string];

interface Reads {
  readonly entity: string;
  /** By id, of a record that must stay readable, and of all at once. */
  readonly get: (db: DatabaseService, id: string) => Promise<unknown>;
  readonly all: readonly ((db: DatabaseService) => Promise<unknown>)[];
  readonly invalid: readonly Invalid[];
}

const blob = "x'6162'";
const set = (table: string, column: string, value: string, key = 'id'): string =>
  `UPDATE ${table} SET ${column} = ${value} WHERE ${key} = 'bad'`;

/** Times that PostgreSQL stores when nothing checks them, or that SQLite does. */
const badTimes = onPostgresql
  ? ["'infinity'", "'10000-01-01 00:00:00+00'"]
  : ["'2026-01-01T00:00:00Z'", '1.5', '9e15', blob];

/** An invalid row for each value of each column. */
function invalidTimes(table: string, columns: Readonly<Record<string, string>>, key?: string): Invalid[] {
  return Object.entries(columns).flatMap(([column, field]) =>
    badTimes.map((value): Invalid => [field, set(table, column, value, key)]),
  );
}

/** Values that only SQLite stores. */
function onSqlite(rows: readonly Invalid[]): readonly Invalid[] {
  return onPostgresql ? [] : rows;
}

const agents: Reads = {
  entity: 'agent',
  get: (db, id) => db.getAgent(id),
  all: [
    (db) => db.queryAgents({}),
    (db) => db.agents.getMany(['good', 'bad']),
    (db) => db.agents.page({ orderBy: 'id' }),
  ],
  invalid: [
    ...invalidTimes('agents', { created_at: 'createdAt', updated_at: 'updatedAt', expires_at: 'expiresAt' }),
    ['metadata', set('agent_metadata', 'value', "'{'", 'agent_id')],
    ...onSqlite([
      ['name', set('agents', 'name', blob)],
      ['publicKey', set('agents', 'public_key', blob)],
      ['version', set('agents', 'version', blob)],
      ['owner', set('agents', 'owner', blob)],
      ['description', set('agents', 'description', blob)],
      ['defaultEndpoint', set('agents', 'default_endpoint_id', blob)],
      ['status', set('agents', 'status', "'active'")],
      ['status', set('agents', 'status', blob)],
      ['metadata', set('agent_metadata', 'value', blob, 'agent_id')],
      ['metadata', set('agent_metadata', 'key', blob, 'agent_id')],
      ['capabilities', "UPDATE capabilities SET name = x'00' WHERE name = 'bad-capability'"],
    ]),
  ],
};

const endpoints: Reads = {
  ...agents,
  entity: 'endpoint',
  invalid: [
    ...invalidTimes('endpoints', { last_checked: 'health.lastChecked' }, 'agent_id'),
    ['port', set('endpoints', 'port', '70000', 'agent_id')],
    ['metadata', set('endpoints', 'metadata', "'{'", 'agent_id')],
    ...onSqlite([
      ['port', set('endpoints', 'port', "'x'", 'agent_id')],
      ['port', set('endpoints', 'port', blob, 'agent_id')],
      ['protocol', set('endpoints', 'protocol', blob, 'agent_id')],
      ['address', set('endpoints', 'address', blob, 'agent_id')],
      ['health.status', set('endpoints', 'health_status', "'healthy'", 'agent_id')],
      ['health.message', set('endpoints', 'health_message', blob, 'agent_id')],
      ['metadata', set('endpoints', 'metadata', blob, 'agent_id')],
    ]),
  ],
};

const certificates: Reads = {
  entity: 'certificate',
  get: (db, id) => db.getCertificate(id),
  all: [(db) => db.certificates.query({ orderBy: 'id' }), (db) => db.certificates.query({ orderBy: 'subject' })],
  invalid: [
    ...invalidTimes('certificates', { not_before: 'notBefore', not_after: 'notAfter', created_at: 'createdAt' }),
    ...invalidTimes('certificates', { revoked_at: 'revokedAt' }),
    ['revocationReason', set('certificates', 'revocation_reason', "'because'")],
    ['metadata', set('certificate_metadata', 'value', "'{'", 'certificate_id')],
    ...onSqlite([
      ['subject', set('certificates', 'subject', blob)],
      ['issuer', set('certificates', 'issuer', blob)],
      ['publicKey', set('certificates', 'public_key', blob)],
      ['certificate', set('certificates', 'certificate', blob)],
      ['fingerprint', set('certificates', 'fingerprint', blob)],
      ['status', set('certificates', 'status', "'valid'")],
      ['replacedBy', set('certificates', 'replaced_by', blob)],
      ['metadata', set('certificate_metadata', 'value', blob, 'certificate_id')],
    ]),
  ],
};

const events: Reads = {
  entity: 'securityEvent',
  get: (db, id) => db.events.get(id),
  all: [(db) => db.querySecurityEvents(), (db) => db.events.page({})],
  invalid: [
    ...invalidTimes('security_events', { timestamp: 'timestamp' }),
    ['metadata', set('security_event_metadata', 'value', "'{'", 'event_id')],
    ...onSqlite([
      ['mitigationApplied', set('security_events', 'mitigation_applied', '2')],
      ['mitigationApplied', set('security_events', 'mitigation_applied', "'true'")],
      ['mitigationDetails', set('security_events', 'mitigation_details', blob)],
      ['eventType', set('security_events', 'event_type', blob)],
      ['severity', set('security_events', 'severity', "'high'")],
      ['source', set('security_events', 'source', blob)],
      ['target', set('security_events', 'target', blob)],
      ['description', set('security_events', 'description', blob)],
      ['metadata', set('security_event_metadata', 'value', blob, 'event_id')],
    ]),
  ],
};

const cases = [agents, endpoints, certificates, events].flatMap(({ invalid, ...reads }) =>
  invalid.map(([field, sql]) => ({ ...reads, field, sql, title: `${reads.entity}: ${sql}` })),
);

describe('an invalid row', () => {
  test.each(cases)(
    'is reported as CORRUPT with its id and field and leaves other rows readable: $title',
    async (invalid) => {
      const database = await openFilled();
      const { db } = database;
      await changeRawUnchecked(database, invalid.sql);
      for (const read of [(service: DatabaseService) => invalid.get(service, 'bad'), ...invalid.all]) {
        const error = await failureOf(read(db));
        expect(error).toMatchObject({ code: 'CORRUPT', entity: invalid.entity, field: invalid.field });
        expect(error.message).toContain('"bad"');
        expect(error.message).toContain(invalid.field);
      }
      expect(await invalid.get(db, 'good')).toMatchObject({ id: 'good' });
      const { findings, ok } = await db.check();
      expect(ok).toBe(false);
      // A capability is a record of its own there.
      expect(JSON.stringify(findings)).toContain(invalid.field === 'capabilities' ? '"capability"' : '"bad"');
      const { valid } = await db.events.verify();
      expect(valid).toBe(invalid.entity !== 'securityEvent');
    },
  );
});
