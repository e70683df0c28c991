import { Client } from 'pg';
import { DatabaseService, isDatabaseError } from '../../src';
import { applyPostgresqlMigrations } from '../../src/migrations/apply-postgresql-migrations';
import { readShippedMigrations } from '../../src/migrations/shipped-migrations';
import { soundReport } from '../support/sound-database';
import { administer } from '../support/administration';

/** More than are sealed in one transaction. */
const oldEvents = 1700;

/** Makes a database as an older version of the package had it, with certificates and events in it. */
export async function fillOldDatabase(url: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  const shipped = readShippedMigrations('postgresql').slice(0, 2);
  await applyPostgresqlMigrations(client, { shipped, lockTimeoutMs: 5000 });
  await client.end();
  await administer(
    url,
    `INSERT INTO certificates (id, subject, subject_folded, issuer, issuer_folded, not_before, not_after, public_key,
        certificate, fingerprint, fingerprint_key, status, created_at)
      SELECT 'c' || n, 'CN=old', 'cn=old', 'CN=ca', 'cn=ca', '2026-01-01', '2036-01-01', 'k', 'c', n::text, n::text,
        'VALID', '2026-01-01' FROM generate_series(1, 3) n;
      INSERT INTO security_events (id, timestamp, event_type, severity, source, target, description, mitigation_applied)
      SELECT 'e' || n, '2026-01-01', 'OLD', 'LOW', 's', 't', 'd', false FROM generate_series(1, ${oldEvents}) n`,
  );
}

/** Starts a service that applies the migrations. The code of its failure, with the cause; undefined where it succeeded. */
export async function tryToOpen(url: string): Promise<string | undefined> {
  const db = new DatabaseService({ url, migrations: 'apply', retry: false, pool: { connectTimeoutMs: 2000 } });
  try {
    await db.initialize();
    return undefined;
  } catch (error) {
    if (!isDatabaseError(error)) throw error;
    return error.code;
  } finally {
    await db.close();
  }
}

/** Fails unless a start succeeds now, with everything that was in the database. */
export async function expectRepaired(url: string): Promise<void> {
  await using db = new DatabaseService({ url, migrations: 'apply' });
  await db.initialize();
  expect(await db.migrateDatabase()).toEqual([]);
  expect(await db.check()).toEqual(soundReport);
  expect(await db.events.verify()).toMatchObject({ valid: true });
  expect(await db.events.count({})).toBe(oldEvents);
  expect(await db.certificates.query({ subject: 'CN=old' })).toHaveLength(3);
}

/** What there is of the schema. */
export function schemaOf(url: string): Promise<unknown[]> {
  return administer(
    url,
    `SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
      UNION ALL SELECT migration_name FROM _prisma_migrations ORDER BY 1`,
  );
}
