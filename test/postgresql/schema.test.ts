import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { derivePostgresqlSchema } from '../../scripts/schema/derive-postgresql-schema';
import { postgresqlMigrations } from '../../src/migrations/embedded/postgresql';
import { sqliteMigrations } from '../../src/migrations/embedded/sqlite';
import { packageRoot } from '../support/prisma-cli';
import { runRaw } from '../support/raw-client';
import { tableNames } from '../support/tables';
import { newDatabaseUrl } from '../support/test-database';

const read = (path: string) => readFileSync(join(packageRoot, path), 'utf8');
/** `prisma format` sets the columns of a schema anew. */
const withoutAlignment = (schema: string) => schema.replace(/ +/g, ' ');

test('the schema is derived from the schema of SQLite by npm run schema', () => {
  const derived = derivePostgresqlSchema(read('prisma/schema.prisma'));
  expect(withoutAlignment(read('prisma/postgresql/schema.prisma'))).toBe(withoutAlignment(derived));
});

test('npm run schema rejects a schema that lacks one of the texts to replace', () => {
  const changed = read('prisma/schema.prisma').replace('provider = "sqlite"', 'provider = "mysql"');
  expect(() => derivePostgresqlSchema(changed)).toThrow('Nothing in the schema matches');
});

test('each migration has a counterpart of the same name for SQLite', () => {
  expect(postgresqlMigrations.map(({ name }) => name)).toEqual(sqliteMigrations.map(({ name }) => name));
});

describe('the database that the migrations create', () => {
  test('has the trigram and expression indexes that the Prisma schema cannot express', async () => {
    const condition = "indexdef LIKE '%gin_trgm_ops%' OR indexdef LIKE '%, 64)%'";
    const [indexes] = await runRaw(
      await newDatabaseUrl(),
      `SELECT indexname FROM pg_indexes WHERE ${condition} ORDER BY 1`,
    );
    expect(indexes?.map(({ indexname }) => indexname)).toEqual([
      'idx_agent_metadata_key',
      'idx_agents_name_folded',
      'idx_certificate_metadata_key',
      'idx_certificates_issuer_folded',
      'idx_certificates_subject',
      'idx_certificates_subject_folded',
      'idx_security_event_metadata_key',
    ]);
  });

  test('orders every text by its code points, whatever the locale of the database', async () => {
    const [columns] = await runRaw(
      await newDatabaseUrl(),
      `SELECT c.table_name, c.column_name, c.collation_name FROM information_schema.columns c
       WHERE c.table_schema = 'public' AND c.data_type = 'text' AND c.table_name <> '_prisma_migrations'
       AND c.collation_name IS DISTINCT FROM 'C'`,
    );
    expect(columns).toEqual([]);
  });

  test('stores every time as a timestamp in milliseconds with time zone', async () => {
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
