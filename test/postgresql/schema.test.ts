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

test('the schema is the one that `npm run schema` derives from that of SQLite', () => {
  const derived = derivePostgresqlSchema(read('prisma/schema.prisma'));
  expect(withoutAlignment(read('prisma/postgresql/schema.prisma'))).toBe(withoutAlignment(derived));
});

test('a schema without what has to be replaced is refused, rather than taken over as it is', () => {
  const changed = read('prisma/schema.prisma').replace('provider = "sqlite"', 'provider = "mysql"');
  expect(() => derivePostgresqlSchema(changed)).toThrow('Nothing in the schema matches');
});

test('each migration has a counterpart of the same name for SQLite', () => {
  expect(postgresqlMigrations.map(({ name }) => name)).toEqual(sqliteMigrations.map(({ name }) => name));
});

describe('the database that the migrations make', () => {
  test('has every text in the order of its code points, whatever the locale of the database', async () => {
    const [columns] = await runRaw(
      await newDatabaseUrl(),
      `SELECT c.table_name, c.column_name, c.collation_name FROM information_schema.columns c
       WHERE c.table_schema = 'public' AND c.data_type = 'text' AND c.table_name <> '_prisma_migrations'
       AND c.collation_name IS DISTINCT FROM 'C'`,
    );
    expect(columns).toEqual([]);
  });

  test('keeps every time to the millisecond, with its zone', async () => {
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
