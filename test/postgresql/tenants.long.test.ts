import type { DatabaseService } from '../../src';
import { administer } from '../support/administration';
import { expectError } from '../support/expect-error';
import { certificateInput, agentInput, eventInput } from '../support/factories';
import { createRole } from '../support/postgresql-role';
import { openTestDatabase, unmigratedDatabaseUrl } from '../support/test-database';

/* One database with one schema and one role for each tenant, as docs/multi-tenancy.md shows it. */

interface Tenant {
  readonly url: string;
  readonly db: DatabaseService;
}

async function createTenant(owner: string, schema: string): Promise<Tenant> {
  const role = await createRole(owner, (name) => `CREATE SCHEMA ${schema} AUTHORIZATION ${name}`);
  const url = `${role}?schema=${schema}`;
  const { db } = await openTestDatabase({ url, migrations: 'apply', pool: { maxConnections: 2 } });
  return { url, db };
}

async function createTenants(): Promise<[Tenant, Tenant]> {
  const owner = await unmigratedDatabaseUrl();
  await administer(owner, 'CREATE EXTENSION pg_trgm');
  return [await createTenant(owner, 'tenant_a'), await createTenant(owner, 'tenant_b')];
}

async function fill({ db }: Tenant, name: string): Promise<void> {
  const certificate = certificateInput({ id: 'c', fingerprint: 'AA' });
  const agent = agentInput({ id: 'a', name, version: '1.0.0', certificateId: 'c' });
  await db.register({ certificate, agent, event: eventInput({ id: 'e', source: name }) }, { unique: 'name-version' });
}

test('tenants with a schema each may use the same ids, names and fingerprints, and see only their own records', async () => {
  const [one, other] = await createTenants();
  await fill(one, 'Same');
  await fill(other, 'Same');
  await one.db.updateAgent({ id: 'a', description: 'of one' });
  await other.db.deleteAgent('a');
  expect(await one.db.queryAgents({ name: 'sam' })).toMatchObject([{ id: 'a', description: 'of one' }]);
  expect(await other.db.agents.count({})).toBe(0);
  expect((await one.db.changes()).map(({ kind }) => kind)).toEqual(['CREATED', 'CREATED', 'UPDATED']);
  expect((await other.db.changes()).map(({ kind }) => kind)).toEqual(['CREATED', 'CREATED', 'DELETED']);
  for (const { db } of [one, other]) {
    expect(await db.events.verify()).toMatchObject({ valid: true, entries: 1, pending: 0 });
    expect(await db.check()).toMatchObject({ ok: true, findings: [] });
    expect(await db.health()).toMatchObject({ status: 'up' });
  }
});

test('the schemas of two tenants have the trigram indexes when the extension was created before the schemas', async () => {
  const [one] = await createTenants();
  const sql = "SELECT schemaname AS name FROM pg_indexes WHERE indexname = 'idx_agents_name_folded' ORDER BY 1";
  expect(await administer(one.url.replace(/\?.*/, ''), sql)).toEqual([{ name: 'tenant_a' }, { name: 'tenant_b' }]);
});

test('the role of one tenant sees no tables in the schema of another one', async () => {
  const [one, other] = await createTenants();
  await fill(other, 'Private');
  const url = one.url.replace('tenant_a', 'tenant_b');
  const { db } = await openTestDatabase({ url, migrations: 'skip' });
  const error = await expectError('SCHEMA_OUTDATED', () => db.getAgent('a'));
  expect(error.message).not.toContain('Private');
});
