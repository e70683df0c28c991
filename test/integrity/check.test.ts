import type { CheckFinding } from '../../src';
import { onPostgresql } from '../support/engine';
import { expectError } from '../support/expect-error';
import { eventInput } from '../support/factories';
import { changeRawUnchecked } from '../support/raw-writer';
import { openFilledDatabase, soundReport } from '../support/sound-database';
import { openTestDatabase } from '../support/test-database';

/** A statement that damages rows of `fill`, and a text for each finding that follows; `*` stands for any word. */
type Damage = readonly [sql: string, ...findings: string[]];

const agents: readonly Damage[] = [
  ["UPDATE agents SET certificate_id = 'x' WHERE id = 'whole'", 'foreign-key agent whole certificateId'],
  ["UPDATE agents SET name_folded = 'Only' WHERE id = 'only'", 'derived-column agent only nameFolded'],
  ["UPDATE agents SET version_key = '11' WHERE id = 'whole'", 'derived-column agent whole versionKey'],
  ["UPDATE agents SET version_key = '' WHERE id = 'plain'", 'derived-column agent plain versionKey'],
  ["UPDATE agents SET unique_key = 'x' WHERE id = 'only'", 'derived-column agent only uniqueKey'],
  ["UPDATE agents SET default_endpoint_id = 'x' WHERE id = 'whole'", 'default-endpoint agent whole defaultEndpoint'],
  ["UPDATE agents SET default_endpoint_id = 'main' WHERE id = 'plain'", 'default-endpoint agent plain defaultEndpoint'],
];

const isDeprecated = "status = 'DEPRECATED', deprecated_at = updated_at";

const deprecations: readonly Damage[] = [
  [
    `UPDATE agents SET ${isDeprecated}, successor_id = 'x' WHERE id = 'whole'`,
    'foreign-key agent whole deprecation.successorId',
  ],
  [
    `UPDATE agents SET ${isDeprecated}, successor_id = 'plain' WHERE id = 'plain'`,
    'value agent plain deprecation.successorId: refers to the agent itself',
  ],
  [
    "UPDATE agents SET deprecation_reason = 'old' WHERE id = 'only'",
    'value agent only deprecation.at: is missing, but the reason or the successor is set',
  ],
  [
    "UPDATE agents SET deprecated_at = updated_at WHERE id = 'many-1'",
    'value agent many-1 status: is ACTIVE, but the agent has a deprecation',
  ],
];

const endpoints: readonly Damage[] = [
  ["UPDATE endpoints SET position = 0 WHERE agent_id = 'whole'", 'endpoint-order agent whole endpoints'],
  ["UPDATE endpoints SET position = 1 WHERE agent_id = 'many-1'", 'endpoint-order agent many-1 endpoints'],
  ["UPDATE endpoints SET port = 65536 WHERE id = 'main'", 'value endpoint main of whole port'],
  ["UPDATE endpoints SET metadata = '[1]' WHERE id = 'main'", 'metadata endpoint main of whole metadata'],
  ["UPDATE endpoints SET agent_id = 'x', id = 'e' WHERE agent_id = 'many-2'", 'foreign-key endpoint e of x agentId'],
];

const collections: readonly Damage[] = [
  ["INSERT INTO capabilities VALUES ('o', 'orphan')", 'orphan-capability capability o'],
  ["DELETE FROM capabilities WHERE name = 'translate'", 'foreign-key agent whole capabilities'],
  [
    "INSERT INTO agent_capabilities SELECT 'x', id FROM capabilities WHERE name = 'search'",
    'foreign-key capability * of x agentId',
  ],
  [
    "UPDATE agent_metadata SET value = '{' WHERE agent_id = 'whole' AND key = 'tags'",
    'metadata agent whole metadata tags',
  ],
  [
    `UPDATE agent_metadata SET value = '{"b":1,"a":2}' WHERE agent_id = 'whole' AND key = 'limits'`,
    'metadata agent whole metadata limits',
  ],
  [
    "UPDATE agent_metadata SET value = value || ' ' WHERE agent_id = 'many-7' AND key = 'long'",
    'metadata agent many-7 metadata long',
  ],
  ["UPDATE certificate_metadata SET value = '1e2' WHERE certificate_id = 'c1'", 'metadata certificate c1 metadata a'],
  ["INSERT INTO agent_metadata VALUES ('x', 'k', '1')", 'foreign-key agent x metadata k'],
  ["INSERT INTO certificate_metadata VALUES ('x', 'k', '1')", 'foreign-key certificate x metadata k'],
  ["INSERT INTO security_event_metadata VALUES ('x', 'k', '1')", 'foreign-key securityEvent x metadata k'],
];

const certificates: readonly Damage[] = [
  [
    "UPDATE certificates SET subject_folded = 'CN=Ärzte' WHERE id = 'c1'",
    'derived-column certificate c1 subjectFolded',
  ],
  ["UPDATE certificates SET issuer_folded = '' WHERE id = 'c1'", 'derived-column certificate c1 issuerFolded'],
  [
    "UPDATE certificates SET fingerprint_key = 'AABBCC' WHERE id = 'c2'",
    'derived-column certificate c2 fingerprintKey',
  ],
  ["UPDATE certificates SET replaced_by = 'x' WHERE id = 'c2'", 'foreign-key certificate c2 replacedBy'],
  ["UPDATE certificates SET replaced_by = 'c3' WHERE id = 'c3'", 'value certificate c3 replacedBy'],
  // The certificate c2 is revoked: its status must be REVOKED.
  ["UPDATE certificates SET status = 'VALID' WHERE id = 'c2'", 'value certificate c2 status'],
  ["UPDATE certificates SET revocation_reason = 'x' WHERE id = 'c2'", 'value certificate c2 revocationReason'],
];

const empty: readonly Damage[] = [
  ["UPDATE agents SET id = '' WHERE id = 'only'", "value agent '' id"],
  ["UPDATE changes SET entity_id = '' WHERE sequence = (SELECT min(sequence) FROM changes)", 'value change * id'],
  ["UPDATE security_events SET source = 'x' WHERE id = 'e50'", 'event-chain securityEvent e50'],
  [
    `UPDATE agents SET name = '', name_folded = '', version = '', version_key = NULL, owner = '', public_key = '',
      unique_key = NULL WHERE id = 'plain'`,
    ...['name', 'version', 'owner', 'publicKey'].map((field) => `value agent plain ${field}: is empty`),
  ],
  [
    "UPDATE certificates SET public_key = '', fingerprint = '', fingerprint_key = '' WHERE id = 'c1'",
    ...['fingerprint', 'publicKey'].map((field) => `value certificate c1 ${field}: is empty`),
  ],
  ["UPDATE capabilities SET name = '' WHERE name = 'translate'", 'value capability * name: is empty'],
  ["UPDATE security_events SET event_type = '' WHERE id = 'e100'", 'value securityEvent e100 eventType: is empty'],
];

const triggers = ['insert', 'update', 'delete'].map((name) => `agent_names_${name}`);
const dropTriggers = triggers.map((name) => `DROP TRIGGER ${name}`).join('; ');
const lostTriggers = triggers.map((name) => `schema: the trigger ${name} is missing`);
const dropTerms = `INSERT INTO agent_names_search (agent_names_search, rowid, name_folded)
  SELECT 'delete', key, name_folded FROM agent_names WHERE agent_id = 'only'`;
const otherName = 'search-index agent only';

type Case = readonly [title: string, damages: readonly Damage[]];

const onSqlite: readonly Case[] = [
  [
    'values that no column of PostgreSQL holds',
    [
      ["UPDATE agents SET status = 'X' WHERE id = 'whole'", 'value agent whole status'],
      ["UPDATE agents SET created_at = 1.5 WHERE id = 'plain'", 'value agent plain createdAt'],
      ["UPDATE agents SET expires_at = '2026-01-01' WHERE id = 'whole'", 'value agent whole expiresAt'],
      ["UPDATE endpoints SET health_status = 'X' WHERE id = 'main'", 'value endpoint main of whole health.status'],
      ["UPDATE certificates SET status = 'X' WHERE id = 'c1'", 'value certificate c1 status'],
      ["UPDATE certificates SET not_after = 9e15 WHERE id = 'c1'", 'value certificate c1 notAfter'],
      ["UPDATE certificates SET subject = x'00' WHERE id = 'c1'", 'value certificate c1 subject'],
      [
        "UPDATE security_events SET severity = 'X' WHERE id = 'e100'",
        'value securityEvent e100 severity',
        'event-chain securityEvent e100',
      ],
      [
        "UPDATE changes SET kind = 'X', entity = 'Y' WHERE sequence = 2",
        'value change 2 entity',
        'value change 2 kind',
      ],
      ["UPDATE sqlite_sequence SET seq = 3 WHERE name = 'changes'", 'change-feed'],
    ],
  ],
  ['missing triggers', [[dropTriggers, ...lostTriggers]]],
  [
    'an indexed name that the agent does not have',
    [["UPDATE agent_names SET name_folded = 'onlx' WHERE agent_id = 'only'", otherName, otherName]],
  ],
  ['an agent that is not indexed', [[dropTerms, otherName], ["DELETE FROM agent_names WHERE agent_id = 'only'"]]],
  [
    'an indexed agent that does not exist',
    [[`${dropTriggers}; DELETE FROM agents WHERE id = 'only'`, ...lostTriggers, otherName]],
  ],
  ['a name whose parts are not indexed', [[dropTerms, otherName]]],
  [
    'indexed parts of a name that does not exist',
    [["INSERT INTO agent_names_search (rowid, name_folded) VALUES (4711, 'phantom')", 'search-index']],
  ],
  ['a missing search index', [[`${dropTriggers}; DROP TABLE agent_names_search`, ...lostTriggers, 'unreadable']]],
];

const onPostgres: readonly Case[] = [
  [
    'values and settings that only PostgreSQL has',
    [
      ["UPDATE agents SET created_at = 'infinity' WHERE id = 'plain'", 'value agent plain createdAt'],
      ["UPDATE certificates SET not_after = 'infinity' WHERE id = 'c1'", 'value certificate c1 notAfter'],
      [
        `ALTER TABLE endpoints DROP CONSTRAINT endpoints_agent_id_fkey; ALTER TABLE endpoints ADD CONSTRAINT
          endpoints_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES agents (id) ON DELETE CASCADE NOT VALID`,
        'schema: the foreign key endpoints_agent_id_fkey is not validated',
      ],
      ['ALTER TABLE capabilities DISABLE TRIGGER ALL', 'schema: triggers of the table capabilities are disabled'],
      [
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_agents_name'::regclass",
        'schema: the index idx_agents_name is not usable',
      ],
      ["SELECT setval('changes_sequence_seq', 3)", 'change-feed'],
    ],
  ],
  ['a missing table', [['DROP TABLE changes', 'schema', 'schema']]],
];

/** Returns the check of a finding, the record and its field, and the message, as one text. */
function textOf({ check, entity, id, agentId, field, key, message }: CheckFinding): string {
  const record = [entity, id === '' ? "''" : id, ...(agentId === undefined ? [] : ['of', agentId])];
  return `${[check, ...record, field, key].filter((word) => word !== undefined).join(' ')}: ${message}`;
}

/** Returns a matcher for the text of a finding. It accepts any message when `expected` has none. */
function matching(expected: string): unknown {
  const message = expected.includes(': ') ? '' : ': .+';
  return expect.stringMatching(`^${expected.replace('*', '\\S+')}${message}$`);
}

describe('db.check()', () => {
  test('reports no finding for an empty or an undamaged database', async () => {
    const { db } = await openTestDatabase();
    expect(await db.check()).toEqual(soundReport);
    expect(await (await openFilledDatabase()).db.check()).toEqual(soundReport);
  });

  test('counts all findings and returns at most maxFindings of them', async () => {
    const database = await openFilledDatabase();
    await changeRawUnchecked(database, "UPDATE agents SET version_key = 'y', default_endpoint_id = 'z'");
    const { findings, total } = await database.db.check();
    const all = 113 * 2;
    expect([findings.length, total]).toEqual([100, all]);
    expect(await database.db.check({ maxFindings: 0 })).toMatchObject({ ok: false, findings: [], total: all });
    expect((await database.db.check({ maxFindings: 150 })).findings).toHaveLength(150);
  });

  test('refuses unknown options with INVALID_INPUT and a closed database with NOT_INITIALIZED', async () => {
    const { db } = await openTestDatabase();
    await expectError('INVALID_INPUT', () => db.check({ most: 1 } as object));
    await db.close();
    await expectError('NOT_INITIALIZED', () => db.check());
  });

  test('reads the last committed state inside a transaction', async () => {
    const { db } = await openTestDatabase();
    await db.transaction(async (tx) => {
      await tx.recordSecurityEvent(eventInput());
      expect(await db.check()).toEqual(soundReport);
    });
  });

  test.each<Case>([
    ['damaged values and references', [...agents, ...deprecations, ...endpoints, ...collections, ...certificates]],
    ['empty ids and texts and a changed event', empty],
    ...(onPostgresql ? onPostgres : onSqlite),
  ])('reports exactly the findings of %s', async (_, damages) => {
    const database = await openFilledDatabase();
    for (const [sql] of damages) await changeRawUnchecked(database, sql);
    const expected = damages.flatMap(([, ...findings]) => findings).sort();
    const { ok, findings, total } = await database.db.check();
    expect(findings.map(textOf).sort()).toEqual(expected.map(matching));
    expect({ ok, total }).toEqual({ ok: false, total: expected.length });
  });
});
