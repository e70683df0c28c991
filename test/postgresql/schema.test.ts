import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { derivePostgresqlSchema } from '../../scripts/schema/derive-postgresql-schema';
import { postgresqlMigrations } from '../../src/migrations/embedded/postgresql';
import { sqliteMigrations } from '../../src/migrations/embedded/sqlite';
import { createAgent, createCertificate, eventInput } from '../support/factories';
import { spoilDatabase } from '../support/postgresql-databases';
import { packageRoot } from '../support/prisma-cli';
import { runRaw } from '../support/raw-client';
import { untilSequenced } from '../support/raw-reader';
import { fill, soundReport } from '../support/sound-database';
import { tableNames } from '../support/tables';
import { newDatabaseUrl, openTestDatabase } from '../support/test-database';

const read = (path: string) => readFileSync(join(packageRoot, path), 'utf8');
/** Removes the alignment of the columns, which `prisma format` changes. */
const withoutAlignment = (schema: string) => schema.replace(/ +/g, ' ');

test('the PostgreSQL schema of Prisma is the one that npm run schema derives from the SQLite schema', () => {
  const derived = derivePostgresqlSchema(read('prisma/schema.prisma'));
  expect(withoutAlignment(read('prisma/postgresql/schema.prisma'))).toBe(withoutAlignment(derived));
});

test('npm run schema fails when the schema for SQLite lacks one of the texts to replace', () => {
  const changed = read('prisma/schema.prisma').replace('provider = "sqlite"', 'provider = "mysql"');
  expect(() => derivePostgresqlSchema(changed)).toThrow('Nothing in the schema matches');
});

test('each migration for PostgreSQL has a counterpart of the same name for SQLite', () => {
  expect(postgresqlMigrations.map(({ name }) => name)).toEqual(sqliteMigrations.map(({ name }) => name));
});

describe('the database that the migrations create', () => {
  test('the migrations create the trigram, expression and partial indexes that the Prisma schema cannot express', async () => {
    const condition = "indexdef LIKE '%gin_trgm_ops%' OR indexdef LIKE '%, 64)%' OR indexdef LIKE '%agents % WHERE %'";
    const [indexes] = await runRaw(
      await newDatabaseUrl(),
      `SELECT indexname FROM pg_indexes WHERE ${condition} ORDER BY 1`,
    );
    expect(indexes?.map(({ indexname }) => indexname)).toEqual([
      'idx_agent_metadata_key',
      'idx_agents_latest',
      'idx_agents_name_folded',
      'idx_agents_successor_id',
      'idx_certificate_metadata_key',
      'idx_certificates_issuer_folded',
      'idx_certificates_subject',
      'idx_certificates_subject_folded',
      'idx_endpoints_address',
      'idx_security_event_metadata_key',
    ]);
  });

  test('the database orders every text column by code points, independently of its locale', async () => {
    const [columns] = await runRaw(
      await newDatabaseUrl(),
      `SELECT c.table_name, c.column_name, c.collation_name FROM information_schema.columns c
       WHERE c.table_schema = 'public' AND c.data_type = 'text' AND c.table_name <> '_prisma_migrations'
       AND c.collation_name IS DISTINCT FROM 'C'`,
    );
    expect(columns).toEqual([]);
  });

  test('the database stores every time as a timestamp in milliseconds with time zone', async () => {
    const [types] = await runRaw(
      await newDatabaseUrl(),
      `SELECT DISTINCT format_type(atttypid, atttypmod) AS type FROM pg_attribute
       WHERE attrelid = ANY ('{${tableNames.join()}}'::regclass[]) AND attnum > 0 AND NOT attisdropped ORDER BY 1`,
    );
    expect(types?.map(({ type }) => String(type))).toEqual([
      '"AgentStatus"',
      '"CertificateStatus"',
      '"ChangeEntity"',
      '"ChangeKind"',
      '"HealthStatus"',
      '"SecurityEventEntryKind"',
      '"SecuritySeverity"',
      'bigint',
      'boolean',
      'integer',
      'text',
      'timestamp(3) with time zone',
    ]);
  });
});

/** Columns of times, each of which must refuse every value of `badTimes`. */
const times = [
  ...['agents created_at', 'agents updated_at', 'agents expires_at', 'endpoints last_checked', 'changes changed_at'],
  ...['certificates not_before', 'certificates not_after', 'certificates created_at', 'certificates revoked_at'],
  ...['security_events timestamp', 'security_event_entries entered_at', 'security_event_checkpoints created_at'],
  'security_event_pending_entries entered_at',
];
const others = [
  ...['endpoints port 0', 'endpoints port 65536', 'endpoints position -1', 'security_event_checkpoints count -1'],
  "certificates revocation_reason 'x'",
];

/** Adds a pending entry: the sequencer soon removes those of recorded events. */
const addPending = `INSERT INTO security_event_pending_entries (event_id, kind, entered_at, digest)
  SELECT event_id, kind, entered_at, digest FROM security_event_entries`;

const badTimes = ["'infinity'", "'-infinity'", "'10000-01-01 00:00:00+00'", "'0001-12-31 23:59:59.999+00 BC'"];

test('CHECK constraints refuse invalid values that the column types allow', async () => {
  const { db, options } = await openTestDatabase();
  await createCertificate(db, { id: 'c' });
  await createAgent(db, { certificateId: 'c', endpoints: [{ id: 'm', protocol: 'p', address: 'a', port: 1 }] });
  await db.events.record(eventInput());
  await untilSequenced({ options });
  await runRaw(options.url, addPending);
  for (const bad of [...others, ...times.flatMap((column) => badTimes.map((value) => `${column} ${value}`))]) {
    const [, table = '', column = '', value = ''] = /^(\w+) (\w+) (.+)$/.exec(bad) ?? [];
    const update = runRaw(options.url, `UPDATE ${table} SET ${column} = ${value}`);
    await expect(update).rejects.toMatchObject({ code: '23514', constraint: `${table}_${column}_check` });
  }
  expect(await db.check()).toMatchObject({ ok: true });
});

test('check() with the extension amcheck runs every check and reports a damaged index by its name', async () => {
  const { db, options } = await openTestDatabase();
  spoilDatabase(options.url);
  await runRaw(options.url, 'CREATE EXTENSION amcheck');
  await fill({ db });
  expect(await db.check()).toEqual({ ...soundReport, skipped: [] });
  // The server does not update the index when the row changes.
  const setReady = (isReady: boolean) =>
    runRaw(
      options.url,
      `UPDATE pg_index SET indisready = ${isReady} WHERE indexrelid = 'idx_agents_created_at'::regclass`,
    );
  await setReady(false);
  await runRaw(options.url, "UPDATE agents SET created_at = created_at + interval '1 hour' WHERE id = 'plain'");
  await setReady(true);
  const { findings } = await db.check();
  expect(findings).toEqual([{ check: 'storage', message: 'the index idx_agents_created_at is damaged' }]);
});
