import { inspect } from 'node:util';
import { DatabaseError, type DatabaseService } from '../../src';
import { onPostgresql } from '../support/engine';
import { agentInput, certificateInput, eventInput } from '../support/factories';
import { spoilDatabase } from '../support/postgresql-databases';
import { runRaw } from '../support/raw-client';
import { dropChecks, openSqlite } from '../support/raw-writer';
import { afterTest, openTestDatabase, type TestDatabase } from '../support/test-database';

/** Secret in values that other programs have written; no message may contain it. */
const marker = 's3cr3t-7f0e';

/** Every way in which records are read. */
const reads: Readonly<Record<string, (db: DatabaseService) => Promise<unknown>>> = {
  'agents.get': (db) => db.agents.get('a'),
  'agents.getMany': (db) => db.agents.getMany(['a', 'b']),
  'agents.query': (db) => db.agents.query({}),
  'agents.query by name': (db) => db.agents.query({ name: 'gent', orderBy: 'version' }),
  'agents.query by all': (db) => db.agents.query({ capabilities: ['read'], metadata: { k: [1] }, health: ['HEALTHY'] }),
  'agents.page': (db) => pages((after) => db.agents.page({ orderBy: 'expiresAt' }, { after, size: 1 })),
  'agents.iterate': (db) => all(db.agents.iterate({})),
  'agents.count': (db) => db.agents.count({ fingerprint: 'AA', version: '>=1' }),
  'certificates.get': (db) => db.certificates.get('c'),
  'certificates.getByFingerprint': (db) => db.certificates.getByFingerprint('AA'),
  'certificates.query': (db) => db.certificates.query({ orderBy: 'notAfter' }),
  'certificates.expiring': (db) => db.certificates.expiring(1e13),
  'events.get': (db) => db.events.get('e'),
  'events.query': (db) => db.events.query({ metadata: { k: [1] } }),
  'events.page': (db) => pages((after) => db.events.page({}, { after, size: 1 })),
  'events.iterate': (db) => all(db.events.iterate({ minSeverity: 'INFO' })),
  'events.aggregate': (db) => db.events.aggregate({}, { by: { bucketMs: 1000 } }),
  'events.verify': (db) => db.events.verify(),
  changes: (db) => db.changes(),
  followChanges: (db) => all(db.followChanges({ pollMs: 0 })),
};

async function pages(read: (after: string | undefined) => Promise<{ readonly nextCursor?: string }>): Promise<number> {
  let after: string | undefined;
  for (let count = 1; count <= 10; count += 1) {
    const { nextCursor } = await read(after);
    if (nextCursor === undefined) return count;
    after = nextCursor;
  }
  throw new Error('the pages have no end');
}

async function all(records: AsyncIterable<unknown>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const record of records) {
    found.push(record);
    if (found.length > 50) throw new Error('the records have no end');
  }
  return found;
}

async function fill(db: DatabaseService): Promise<void> {
  const metadata = { k: [1] };
  await db.createCertificate(certificateInput({ id: 'c', fingerprint: 'AA', metadata }));
  await db.createCertificate(certificateInput({ id: 'd' }));
  const endpoints = [
    { id: 'm', protocol: 'p', address: 'a', port: 1, metadata, health: { status: 'HEALTHY' } },
  ] as const;
  const fields = { certificateId: 'c', capabilities: ['read'], metadata, endpoints, defaultEndpoint: 'm' };
  for (const id of ['a', 'b']) await db.createAgent(agentInput({ id, ...fields, description: 'x' }));
  await db.recordSecurityEvent(eventInput({ id: 'e', metadata }));
  await db.recordSecurityEvent(eventInput({ id: 'f', metadata }));
  await db.events.markMitigated('e', { applied: true, details: 'x' });
}

type Write = (...sql: readonly string[]) => Promise<void>;

/** Writes like a program that does not know the package: without foreign keys and CHECK constraints. */
function writerOf({ options: { url } }: TestDatabase): Write {
  if (onPostgresql) {
    spoilDatabase(url);
    return async (...sql) => {
      await runRaw(url, ['SET session_replication_role = replica', ...sql].join(';'));
    };
  }
  const driver = openSqlite(url);
  afterTest(() => {
    driver.close();
  });
  driver.unsafeMode();
  driver.pragma('foreign_keys = OFF');
  driver.pragma('ignore_check_constraints = ON');
  return (...sql) => {
    for (const statement of sql) driver.exec(statement);
    return Promise.resolve();
  };
}

/** Lets every column hold anything. */
function withoutConstraints(): string[] {
  if (!onPostgresql) {
    const names = Object.keys(columns).map((table) => `'${table}'`);
    return [
      'PRAGMA writable_schema = ON',
      `UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE name IN (${names.join()})`,
      'PRAGMA writable_schema = RESET',
    ];
  }
  const nullable = Object.entries(columns).flatMap(([table, names]) =>
    names
      .filter((name) => name !== 'id' && name !== 'key')
      .map((name) => `ALTER TABLE ${table} ALTER COLUMN ${name} DROP NOT NULL`),
  );
  return [dropChecks, ...nullable];
}

/** Reads everything in every way, and has it checked; gives the codes of what failed. */
async function readAll(db: DatabaseService): Promise<string[]> {
  const codes: string[] = [];
  for (const [name, read] of Object.entries(reads)) {
    await read(db).catch((error: unknown) => {
      if (!(error instanceof DatabaseError)) throw new Error(`${name}: ${inspect(error)}`);
      expect(`${String(error)} ${inspect(error)} ${JSON.stringify(error)}`).not.toContain(marker);
      codes.push(`${name}: ${error.code}`);
    });
  }
  return codes;
}

const first: Readonly<Record<string, string>> = {
  agents: "id = 'a'",
  endpoints: "agent_id = 'a'",
  capabilities: "name = 'read'",
  agent_metadata: "agent_id = 'a'",
  certificates: "id = 'c'",
  certificate_metadata: "certificate_id = 'c'",
  security_events: "id = 'e'",
  security_event_metadata: "event_id = 'e'",
  security_event_entries: 'sequence = 1',
  changes: 'sequence = (SELECT min(sequence) FROM changes)',
};

const columns: Readonly<Record<string, readonly string[]>> = {
  agents: [
    ...['name', 'name_folded', 'public_key', 'default_endpoint_id', 'version', 'version_key', 'description'],
    ...['created_at', 'updated_at', 'expires_at', 'status', 'owner', 'unique_key'],
  ],
  endpoints: [
    ...['id', 'position', 'protocol', 'address', 'port', 'health_status', 'last_checked', 'health_message', 'metadata'],
  ],
  capabilities: ['name'],
  agent_metadata: ['key', 'value'],
  certificates: [
    ...['subject', 'issuer', 'not_before', 'not_after', 'public_key', 'certificate', 'fingerprint', 'fingerprint_key'],
    ...['status', 'created_at', 'revoked_at', 'revocation_reason', 'replaced_by'],
  ],
  certificate_metadata: ['key', 'value'],
  security_events: [
    ...['timestamp', 'event_type', 'severity', 'source', 'target', 'description'],
    ...['mitigation_applied', 'mitigation_details'],
  ],
  security_event_metadata: ['key', 'value'],
  security_event_entries: [
    ...['event_id', 'kind', 'mitigation_applied', 'mitigation_details', 'entered_at', 'digest', 'hash'],
  ],
  changes: ['entity', 'entity_id', 'kind', 'changed_at'],
};

const values: readonly (readonly [what: string, sql: string])[] = [
  ['nothing', 'NULL'],
  ['a text', `'${marker}'`],
  ['an empty text', "''"],
  ['broken JSON', `'{"${marker}'`],
  ['JSON of another kind', `'[[1,"${marker}"]]'`],
  ['deep JSON', `'${'['.repeat(100_000)}${']'.repeat(100_000)}'`],
  ['a number', '4711'],
  ...(onPostgresql
    ? [
        ['a time after all times', "'infinity'"] as const,
        ['a time before all times', "'-infinity'"] as const,
        ['a late time', "'294276-12-31'"] as const,
        ['an early time', "'4000-01-01 BC'"] as const,
      ]
    : [
        ['a blob', "x'00FF'"] as const,
        ['bytes that are no text', "CAST(x'22FFFE' AS TEXT)"] as const,
        ['a text with NUL', `'a' || char(0) || '${marker}'`] as const,
        ['a large number', '9223372036854775807'] as const,
        ['a fraction', '0.5'] as const,
        ['an infinity', '9e999'] as const,
        ['no number', "'4711x'"] as const,
      ]),
];

/** All of them where there is time; else always those that are read as something else than texts. */
const isThorough = process.env['LONG_TESTS'] !== undefined;
const parsed = /metadata|value|expires_at|timestamp|last_checked|not_after|changed_at/;

// Of an infinite time PostgreSQL says that it is too large to be counted with.
const typed = /: CORRUPT$|^events\.aggregate: INVALID_INPUT$/;

describe.each(values)('Where another program has written %s', (_, value) => {
  test('every read answers, or says that it cannot, and goes on to answer when it is mended', async () => {
    const database = await openTestDatabase({ retry: false, maxResults: 100 });
    await fill(database.db);
    const write = writerOf(database);
    await write(...withoutConstraints());
    for (const table of Object.keys(columns)) await write(`CREATE TABLE saved_${table} AS SELECT * FROM ${table}`);
    let damages = 0;
    for (const [table, names] of Object.entries(columns)) {
      for (const [index, name] of names.entries()) {
        if (!isThorough && index !== 1 && !parsed.test(name)) continue;
        const damage = write(`UPDATE ${table} SET ${name} = ${value} WHERE ${first[table] ?? ''}`);
        // On PostgreSQL a column keeps nothing of another type.
        if (!(await damage.then(() => true, () => false))) continue; // prettier-ignore
        damages += 1;
        const codes = await readAll(database.db);
        expect(codes.filter((code) => !typed.test(code))).toEqual([]);
        if (codes.length > 0 && (isThorough || name === 'value' || name === 'expires_at'))
          expect([`${table}.${name}`, await database.db.check()]).toMatchObject([{}, { ok: false }]);
        await write(`DELETE FROM ${table}`, `INSERT INTO ${table} SELECT * FROM saved_${table}`);
      }
    }
    expect(damages).toBeGreaterThan(0);
    expect(await readAll(database.db)).toEqual([]);
  });
});
