import type { CheckFinding } from '../../src';
import { onPostgresql } from '../support/engine';
import { expectError } from '../support/expect-error';
import { eventInput } from '../support/factories';
import { changeRawUnchecked } from '../support/raw-writer';
import { openFilledDatabase, soundReport } from '../support/sound-database';
import { openTestDatabase } from '../support/test-database';

/** A statement that damages rows of `fill`, and a text for each finding that follows; `*` stands for any word. */
type Damage = readonly [sql: string, ...findings: string[]];

/** Returns a function whose result is SQL that changes the row with an id. */
const update = (table: string) => (id: string, set: string) => `UPDATE ${table} SET ${set} WHERE id = '${id}'`;

const setAgent = update('agents');
const setCertificate = update('certificates');
const setEndpoint = update('endpoints');
const setEvent = update('security_events');

const agents: readonly Damage[] = [
  [setAgent('whole', "certificate_id = 'x'"), 'foreign-key agent whole certificateId'],
  [setAgent('only', "name_folded = 'Only'"), 'derived-column agent only nameFolded'],
  [setAgent('whole', "version_key = '11'"), 'derived-column agent whole versionKey'],
  [setAgent('plain', "version_key = ''"), 'derived-column agent plain versionKey'],
  [setAgent('only', "unique_key = 'x'"), 'derived-column agent only uniqueKey'],
  [setAgent('whole', "default_endpoint_id = 'x'"), 'default-endpoint agent whole defaultEndpoint'],
  [setAgent('plain', "default_endpoint_id = 'main'"), 'default-endpoint agent plain defaultEndpoint'],
];

const isDeprecated = "status = 'DEPRECATED', deprecated_at = updated_at";

const deprecations: readonly Damage[] = [
  [setAgent('whole', `${isDeprecated}, successor_id = 'x'`), 'foreign-key agent whole deprecation.successorId'],
  [
    setAgent('plain', `${isDeprecated}, successor_id = 'plain'`),
    'value agent plain deprecation.successorId: refers to the agent itself',
  ],
  [
    setAgent('only', "deprecation_reason = 'old'"),
    'value agent only deprecation.at: is missing, but the reason or the successor is set',
  ],
  [
    setAgent('many-1', 'deprecated_at = updated_at'),
    'value agent many-1 status: is ACTIVE, but the agent has a deprecation',
  ],
];

const endpoints: readonly Damage[] = [
  ["UPDATE endpoints SET position = 0 WHERE agent_id = 'whole'", 'endpoint-order agent whole endpoints'],
  ["UPDATE endpoints SET position = 1 WHERE agent_id = 'many-1'", 'endpoint-order agent many-1 endpoints'],
  [setEndpoint('main', 'port = 65536'), 'value endpoint main of whole port'],
  [setEndpoint('main', "metadata = '[1]'"), 'metadata endpoint main of whole metadata'],
  ["UPDATE endpoints SET agent_id = 'x', id = 'e' WHERE agent_id = 'many-2'", 'foreign-key endpoint e of x agentId'],
];

const setMetadata = (agentId: string, key: string, set: string) =>
  `UPDATE agent_metadata SET ${set} WHERE agent_id = '${agentId}' AND key = '${key}'`;

const collections: readonly Damage[] = [
  ["INSERT INTO capabilities VALUES ('o', 'orphan')", 'orphan-capability capability o'],
  ["DELETE FROM capabilities WHERE name = 'translate'", 'foreign-key agent whole capabilities'],
  [
    "INSERT INTO agent_capabilities SELECT 'x', id FROM capabilities WHERE name = 'search'",
    'foreign-key capability * of x agentId',
  ],
  [setMetadata('whole', 'tags', "value = '{'"), 'metadata agent whole metadata tags'],
  [setMetadata('whole', 'limits', `value = '{"b":1,"a":2}'`), 'metadata agent whole metadata limits'],
  [setMetadata('many-7', 'long', "value = value || ' '"), 'metadata agent many-7 metadata long'],
  ["UPDATE certificate_metadata SET value = '1e2' WHERE certificate_id = 'c1'", 'metadata certificate c1 metadata a'],
  ["INSERT INTO agent_metadata VALUES ('x', 'k', '1')", 'foreign-key agent x metadata k'],
  ["INSERT INTO certificate_metadata VALUES ('x', 'k', '1')", 'foreign-key certificate x metadata k'],
  ["INSERT INTO security_event_metadata VALUES ('x', 'k', '1')", 'foreign-key securityEvent x metadata k'],
];

const certificates: readonly Damage[] = [
  [setCertificate('c1', "subject_folded = 'CN=Ärzte'"), 'derived-column certificate c1 subjectFolded'],
  [setCertificate('c1', "issuer_folded = ''"), 'derived-column certificate c1 issuerFolded'],
  [setCertificate('c2', "fingerprint_key = 'AABBCC'"), 'derived-column certificate c2 fingerprintKey'],
  [setCertificate('c2', "replaced_by = 'x'"), 'foreign-key certificate c2 replacedBy'],
  [setCertificate('c3', "replaced_by = 'c3'"), 'value certificate c3 replacedBy'],
  // The certificate c2 is revoked: its status must be REVOKED.
  [setCertificate('c2', "status = 'VALID'"), 'value certificate c2 status'],
  [setCertificate('c2', "revocation_reason = 'x'"), 'value certificate c2 revocationReason'],
];

const empty: readonly Damage[] = [
  [setAgent('only', "id = ''"), "value agent '' id"],
  ["UPDATE changes SET entity_id = '' WHERE sequence = (SELECT min(sequence) FROM changes)", 'value change * id'],
  [setEvent('e50', "source = 'x'"), 'event-chain securityEvent e50'],
  [
    `UPDATE agents SET name = '', name_folded = '', version = '', version_key = NULL, owner = '', public_key = '',
      unique_key = NULL WHERE id = 'plain'`,
    ...['name', 'version', 'owner', 'publicKey'].map((field) => `value agent plain ${field}: is empty`),
  ],
  [
    setCertificate('c1', "public_key = '', fingerprint = '', fingerprint_key = ''"),
    ...['fingerprint', 'publicKey'].map((field) => `value certificate c1 ${field}: is empty`),
  ],
  ["UPDATE capabilities SET name = '' WHERE name = 'translate'", 'value capability * name: is empty'],
  [setEvent('e100', "event_type = ''"), 'value securityEvent e100 eventType: is empty'],
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
      [setAgent('whole', "status = 'X'"), 'value agent whole status'],
      [setAgent('plain', 'created_at = 1.5'), 'value agent plain createdAt'],
      [setAgent('whole', "expires_at = '2026-01-01'"), 'value agent whole expiresAt'],
      [setEndpoint('main', "health_status = 'X'"), 'value endpoint main of whole health.status'],
      [setCertificate('c1', "status = 'X'"), 'value certificate c1 status'],
      [setCertificate('c1', 'not_after = 9e15'), 'value certificate c1 notAfter'],
      [setCertificate('c1', "subject = x'00'"), 'value certificate c1 subject'],
      [setEvent('e100', "severity = 'X'"), 'value securityEvent e100 severity', 'event-chain securityEvent e100'],
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
      [setAgent('plain', "created_at = 'infinity'"), 'value agent plain createdAt'],
      [setCertificate('c1', "not_after = 'infinity'"), 'value certificate c1 notAfter'],
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
  test('db.check() reports no finding for an empty or an undamaged database', async () => {
    const { db } = await openTestDatabase();
    expect(await db.check()).toEqual(soundReport);
    expect(await (await openFilledDatabase()).db.check()).toEqual(soundReport);
  });

  test('db.check() counts all findings and returns at most maxFindings of them', async () => {
    const database = await openFilledDatabase();
    await changeRawUnchecked(database, "UPDATE agents SET version_key = 'y', default_endpoint_id = 'z'");
    const { findings, total } = await database.db.check();
    const all = 113 * 2;
    expect([findings.length, total]).toEqual([100, all]);
    expect(await database.db.check({ maxFindings: 0 })).toMatchObject({ ok: false, findings: [], total: all });
    expect((await database.db.check({ maxFindings: 150 })).findings).toHaveLength(150);
  });

  test('db.check() refuses unknown options with INVALID_INPUT and a closed database with NOT_INITIALIZED', async () => {
    const { db } = await openTestDatabase();
    await expectError('INVALID_INPUT', () => db.check({ most: 1 } as object));
    await db.close();
    await expectError('NOT_INITIALIZED', () => db.check());
  });

  test('db.check() reads the last committed state while a transaction is open', async () => {
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
  ])('db.check() reports exactly the findings of %s', async (_, damages) => {
    const database = await openFilledDatabase();
    for (const [sql] of damages) await changeRawUnchecked(database, sql);
    const expected = damages.flatMap(([, ...findings]) => findings).sort();
    const { ok, findings, total } = await database.db.check();
    expect(findings.map(textOf).sort()).toEqual(expected.map(matching));
    expect({ ok, total }).toEqual({ ok: false, total: expected.length });
  });
});
