import type { CheckFinding } from '../../src';
import { onPostgresql } from '../support/engine';
import { expectError } from '../support/expect-error';
import { spoilDatabase } from '../support/postgresql-databases';
import { runRaw } from '../support/raw-client';
import { openSqlite } from '../support/raw-writer';
import { openTestDatabase, type TestDatabase } from '../support/test-database';
import { fill, soundReport } from './sound';

type Damage = readonly [what: string, sql: string, found: readonly Partial<CheckFinding>[]];

/** Changes a database as no program may: without its foreign keys and its triggers. */
async function damage({ options: { url } }: TestDatabase, sql: string): Promise<void> {
  if (onPostgresql) {
    if (/ALTER|DROP|pg_index/.test(sql)) spoilDatabase(url);
    await runRaw(url, `SET session_replication_role = replica; ${sql}; SET session_replication_role = DEFAULT`);
    return;
  }
  const driver = openSqlite(url);
  try {
    driver.pragma('foreign_keys = OFF');
    driver.exec(sql);
  } finally {
    driver.close();
  }
}

const whole = { entity: 'agent', id: 'whole' } as const;
const c1 = { entity: 'certificate', id: 'c1' } as const;

const damages: readonly Damage[] = [
  [
    'an agent without its certificate',
    "UPDATE agents SET certificate_id = 'x' WHERE id = 'whole'",
    [{ check: 'foreign-key', ...whole, field: 'certificateId' }],
  ],
  [
    'another folded subject',
    "UPDATE certificates SET subject_folded = 'CN=Ärzte' WHERE id = 'c1'",
    [{ check: 'derived-column', ...c1, field: 'subjectFolded' }],
  ],
  [
    'another folded issuer',
    "UPDATE certificates SET issuer_folded = '' WHERE id = 'c1'",
    [{ check: 'derived-column', ...c1, field: 'issuerFolded' }],
  ],
  [
    'another key of a fingerprint',
    "UPDATE certificates SET fingerprint_key = 'AABBCC' WHERE id = 'c2'",
    [{ check: 'derived-column', entity: 'certificate', id: 'c2', field: 'fingerprintKey' }],
  ],
  [
    'another folded name',
    "UPDATE agents SET name_folded = 'Only' WHERE id = 'only'",
    [{ check: 'derived-column', entity: 'agent', id: 'only', field: 'nameFolded' }],
  ],
  [
    'another key of a version',
    "UPDATE agents SET version_key = '11' WHERE id = 'whole'",
    [{ check: 'derived-column', ...whole, field: 'versionKey' }],
  ],
  [
    'the key of a version that has none',
    "UPDATE agents SET version_key = '' WHERE id = 'plain'",
    [{ check: 'derived-column', entity: 'agent', id: 'plain', field: 'versionKey' }],
  ],
  [
    'a unique key of something else',
    "UPDATE agents SET unique_key = 'x' WHERE id = 'only'",
    [{ check: 'derived-column', entity: 'agent', id: 'only', field: 'uniqueKey' }],
  ],
  [
    'a default endpoint of nobody',
    "UPDATE agents SET default_endpoint_id = 'x' WHERE id = 'whole'",
    [{ check: 'default-endpoint', ...whole, field: 'defaultEndpoint' }],
  ],
  [
    'a default endpoint of another agent',
    "UPDATE agents SET default_endpoint_id = 'main' WHERE id = 'plain'",
    [{ check: 'default-endpoint', entity: 'agent', id: 'plain' }],
  ],
  ['an empty id', "UPDATE agents SET id = '' WHERE id = 'only'", [{ check: 'value', entity: 'agent', id: '' }]],
  [
    'two endpoints at one place',
    "UPDATE endpoints SET position = 0 WHERE agent_id = 'whole'",
    [{ check: 'endpoint-order', ...whole }],
  ],
  [
    'endpoints that begin behind the beginning',
    "UPDATE endpoints SET position = position + 1 WHERE agent_id = 'whole'",
    [{ check: 'endpoint-order', ...whole }],
  ],
  [
    'an endpoint without its agent',
    "UPDATE endpoints SET agent_id = 'x' WHERE agent_id = 'whole' AND id = 'main'",
    [
      { check: 'foreign-key', entity: 'endpoint', id: 'main', agentId: 'x' },
      { check: 'endpoint-order', ...whole },
    ],
  ],
  [
    'a port that there is not',
    "UPDATE endpoints SET port = 65536 WHERE id = 'main'",
    [{ check: 'value', entity: 'endpoint', id: 'main', agentId: 'whole', field: 'port' }],
  ],
  [
    'metadata of an endpoint that are no object',
    "UPDATE endpoints SET metadata = '[1]' WHERE id = 'main'",
    [{ check: 'metadata', entity: 'endpoint', id: 'main', agentId: 'whole' }],
  ],
  [
    'a capability that nobody has',
    "INSERT INTO capabilities VALUES ('o', 'orphan')",
    [{ check: 'orphan-capability', entity: 'capability', id: 'o' }],
  ],
  [
    'a capability that an agent has and that is gone',
    "DELETE FROM capabilities WHERE name = 'translate'",
    [{ check: 'foreign-key', ...whole, field: 'capabilities' }],
  ],
  [
    'a capability of an agent that is gone',
    "INSERT INTO agent_capabilities SELECT 'x', id FROM capabilities WHERE name = 'search'",
    [{ check: 'foreign-key', entity: 'capability', agentId: 'x', field: 'agentId' }],
  ],
  [
    'metadata that are no JSON',
    "UPDATE agent_metadata SET value = '{' WHERE agent_id = 'whole' AND key = 'limits'",
    [{ check: 'metadata', ...whole, key: 'limits' }],
  ],
  [
    'metadata that are not canonical',
    `UPDATE agent_metadata SET value = '{"b":1,"a":2}' WHERE agent_id = 'whole' AND key = 'limits'`,
    [{ check: 'metadata', ...whole, key: 'limits' }],
  ],
  [
    'a long value of metadata that is not canonical',
    "UPDATE agent_metadata SET value = value || ' ' WHERE agent_id = 'many-7' AND key = 'long'",
    [{ check: 'metadata', entity: 'agent', id: 'many-7', key: 'long' }],
  ],
  [
    'metadata of an agent that is gone',
    "INSERT INTO agent_metadata VALUES ('x', 'k', '1')",
    [{ check: 'foreign-key', entity: 'agent', id: 'x', key: 'k' }],
  ],
  [
    'metadata of a certificate that are not canonical',
    "UPDATE certificate_metadata SET value = '1e2' WHERE certificate_id = 'c1'",
    [{ check: 'metadata', ...c1, key: 'a' }],
  ],
  [
    'metadata of a certificate that is gone',
    "INSERT INTO certificate_metadata VALUES ('x', 'k', '1')",
    [{ check: 'foreign-key', entity: 'certificate', id: 'x', key: 'k' }],
  ],
  [
    'metadata of an event that is gone',
    "INSERT INTO security_event_metadata VALUES ('x', 'k', '1')",
    [{ check: 'foreign-key', entity: 'securityEvent', id: 'x', key: 'k' }],
  ],
  [
    'a successor that is not there',
    "UPDATE certificates SET replaced_by = 'x' WHERE id = 'c2'",
    [{ check: 'foreign-key', entity: 'certificate', id: 'c2', field: 'replacedBy' }],
  ],
  [
    'a certificate that replaces itself',
    "UPDATE certificates SET replaced_by = 'c2' WHERE id = 'c2'",
    [{ check: 'value', entity: 'certificate', id: 'c2', field: 'replacedBy' }],
  ],
  [
    'a revoked certificate that is valid again',
    "UPDATE certificates SET status = 'VALID' WHERE id = 'c2'",
    [{ check: 'value', entity: 'certificate', id: 'c2', field: 'status' }],
  ],
  [
    'a reason that there is not',
    "UPDATE certificates SET revocation_reason = 'x' WHERE id = 'c2'",
    [{ check: 'value', entity: 'certificate', id: 'c2', field: 'revocationReason' }],
  ],
  [
    'an event that was changed',
    "UPDATE security_events SET source = 'x' WHERE id = 'e200'",
    [{ check: 'event-chain', entity: 'securityEvent', id: 'e200' }],
  ],
  [
    'a change without a record',
    "UPDATE changes SET entity_id = '' WHERE sequence = (SELECT min(sequence) FROM changes)",
    [{ check: 'value', entity: 'change', field: 'id' }],
  ],
  ...(onPostgresql ? damagesOfPostgresql() : damagesOfSqlite()),
];

function damagesOfSqlite(): Damage[] {
  const known = [{ check: 'search-index', entity: 'agent', id: 'only' }] as const;
  const triggers = 'DROP TRIGGER agent_names_insert; DROP TRIGGER agent_names_update; DROP TRIGGER agent_names_delete';
  const lostTriggers = ['insert', 'update', 'delete'].map((name) => {
    return { check: 'schema', message: `the trigger agent_names_${name} is missing` } as const;
  });
  const dropTerms = `INSERT INTO agent_names_search (agent_names_search, rowid, name_folded)
    SELECT 'delete', key, name_folded FROM agent_names WHERE agent_id = 'only'`;
  return [
    ['a status of an agent', "UPDATE agents SET status = 'X' WHERE id = 'whole'", [{ check: 'value', ...whole }]],
    [
      'a status of health',
      "UPDATE endpoints SET health_status = 'X' WHERE id = 'main'",
      [{ check: 'value', entity: 'endpoint', id: 'main', field: 'health.status' }],
    ],
    ['a status of a certificate', "UPDATE certificates SET status = 'X' WHERE id = 'c1'", [{ check: 'value', ...c1 }]],
    [
      'a severity',
      "UPDATE security_events SET severity = 'X' WHERE id = 'e200'",
      [
        { check: 'value', entity: 'securityEvent', id: 'e200', field: 'severity' },
        { check: 'event-chain', id: 'e200' },
      ],
    ],
    [
      'a kind of change',
      "UPDATE changes SET kind = 'X', entity = 'Y' WHERE sequence = 2",
      [
        { check: 'value', entity: 'change', id: '2', field: 'entity' },
        { check: 'value', entity: 'change', id: '2', field: 'kind' },
      ],
    ],
    [
      'a time that is a text',
      "UPDATE agents SET expires_at = '2026-01-01' WHERE id = 'whole'",
      [{ check: 'value', ...whole, field: 'expiresAt' }],
    ],
    [
      'a time beyond all times',
      "UPDATE certificates SET not_after = 9e15 WHERE id = 'c1'",
      [{ check: 'value', ...c1, field: 'notAfter' }],
    ],
    [
      'a name that is no text',
      "UPDATE certificates SET subject = x'00' WHERE id = 'c1'",
      [{ check: 'value', ...c1, field: 'subject' }],
    ],
    [
      'a number of the feed that would come again',
      "UPDATE sqlite_sequence SET seq = 3 WHERE name = 'changes'",
      [{ check: 'change-feed' }],
    ],
    ['a trigger that is missing', triggers, lostTriggers],
    [
      'a name of which the index has another',
      "UPDATE agent_names SET name_folded = 'onlx' WHERE agent_id = 'only'",
      [...known, ...known],
    ],
    ['an agent that the index does not know', `${dropTerms}; DELETE FROM agent_names WHERE agent_id = 'only'`, known],
    [
      'an agent that the index knows and that is gone',
      `${triggers}; DELETE FROM agents WHERE id = 'only'`,
      [...lostTriggers, ...known],
    ],
    ['parts of a name that the index has lost', dropTerms, known],
    [
      'parts of a name that nobody has',
      "INSERT INTO agent_names_search (rowid, name_folded) VALUES (4711, 'phantom')",
      [{ check: 'search-index' }],
    ],
    [
      'a search index that is gone',
      `${triggers}; DROP TABLE agent_names_search`,
      [...lostTriggers, { check: 'unreadable' }],
    ],
  ];
}

function damagesOfPostgresql(): Damage[] {
  return [
    [
      'a time beyond all times',
      "UPDATE certificates SET not_after = 'infinity' WHERE id = 'c1'",
      [{ check: 'value', ...c1, field: 'notAfter' }],
    ],
    [
      'a foreign key that was not looked at',
      `ALTER TABLE endpoints DROP CONSTRAINT endpoints_agent_id_fkey; ALTER TABLE endpoints ADD CONSTRAINT
        endpoints_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES agents (id) ON DELETE CASCADE NOT VALID`,
      [{ check: 'schema', message: 'the foreign key endpoints_agent_id_fkey was never looked at' }],
    ],
    [
      'triggers that are switched off',
      'ALTER TABLE capabilities DISABLE TRIGGER ALL',
      [{ check: 'schema', message: 'triggers of the table capabilities are switched off' }],
    ],
    [
      'an index that cannot be used',
      "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_agents_name'::regclass",
      [{ check: 'schema', message: 'the index idx_agents_name cannot be used' }],
    ],
    [
      'a number of the feed that would come again',
      "SELECT setval('changes_sequence_seq', 3)",
      [{ check: 'change-feed' }],
    ],
    ['a table that is gone', 'DROP TABLE changes', [{ check: 'schema' }, { check: 'schema' }]],
  ];
}

describe('check finds', () => {
  test.each(damages)('%s', async (_, sql, found) => {
    const database = await openTestDatabase();
    await fill(database);
    await damage(database, sql);
    const { ok, findings, total } = await database.db.check();
    expect(findings).toEqual(found.map((finding) => expect.objectContaining(finding) as unknown));
    expect({ ok, total }).toEqual({ ok: false, total: found.length });
  });
});

describe('A check', () => {
  test('finds nothing where nothing is wrong', async () => {
    const database = await openTestDatabase();
    expect(await database.db.check()).toEqual(soundReport);
    await fill(database);
    expect(await database.db.check()).toEqual(soundReport);
  });

  test('counts what it does not report', async () => {
    const database = await openTestDatabase();
    await fill(database);
    await damage(database, "UPDATE agents SET public_key = 'x', version_key = 'y', default_endpoint_id = 'z'");
    const { findings, total } = await database.db.check();
    const all = 253 * 2;
    expect([findings.length, total]).toEqual([100, all]);
    expect(await database.db.check({ maxFindings: 0 })).toMatchObject({ ok: false, findings: [], total: all });
    expect((await database.db.check({ maxFindings: 150 })).findings).toHaveLength(150);
  });

  test('refuses options that there are not', async () => {
    const { db } = await openTestDatabase();
    await expectError('INVALID_INPUT', () => db.check({ maxFindings: -1 }));
    await expectError('INVALID_INPUT', () => db.check({ maxFindings: 10_001 }));
    await expectError('INVALID_INPUT', () => db.check({ most: 1 } as object));
    await db.close();
    await expectError('NOT_INITIALIZED', () => db.check());
  });

  test('inside a transaction sees the last committed state', async () => {
    const { db } = await openTestDatabase();
    await db.transaction(async (tx) => {
      await tx.recordSecurityEvent({
        eventType: 'X',
        severity: 'LOW',
        source: '',
        target: '',
        description: '',
      });
      expect(await db.check()).toEqual(soundReport);
    });
  });
});
