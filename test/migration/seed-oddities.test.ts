import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDriver from 'better-sqlite3';
import { DatabaseService } from '../../src';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput } from '../support/factories';
import { afterTest, temporaryDirectory } from '../support/test-database';

const seedSql = readFileSync(
  join(__dirname, '../../prisma/migrations/20261123000000_ans_initial/migration.sql'),
  'utf8',
);

/** A database that the seed made, with rows that it did not keep anybody from writing. */
function seedDatabase(rows: string): string {
  const path = join(temporaryDirectory(), 'seed.sqlite');
  const driver = new SqliteDriver(path);
  driver.exec(seedSql);
  driver.pragma('foreign_keys = OFF');
  driver.exec(rows);
  driver.close();
  return `file:${path}`;
}

function openService(url: string, migrations: 'apply' | 'skip' = 'apply'): DatabaseService {
  const db = new DatabaseService({ url, migrations });
  afterTest(() => db.close());
  return db;
}

const certificate = (id: string, fingerprint: string) =>
  `INSERT INTO certificates VALUES ('${id}', 'CN=Ä', '', 0, 1, 'k', 'c', '${fingerprint}', 'VALID', 0);`;

describe('A database that the seed made', () => {
  test('opens although thousands of its agents have no name, and again without a write', async () => {
    const url = seedDatabase(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
      INSERT INTO agents SELECT 'a' || i, '', 'k', 'c', NULL, '1.2.3', NULL, 0, i, 0, 'ACTIVE', 'o' FROM n;`);
    const db = openService(url);
    await db.initialize();
    const newest = await db.queryAgents({ version: '^1.2.0', orderBy: 'updatedAt', orderDirection: 'desc', limit: 1 });
    expect(newest.map(({ id }) => id)).toEqual(['a2500']);
    await db.close();
    const before = readFileSync(url.slice('file:'.length));
    await db.initialize();
    await db.close();
    expect(readFileSync(url.slice('file:'.length)).equals(before)).toBe(true);
  });

  test('keeps metadata that are no text, and finds what only code can fold', async () => {
    const url = seedDatabase(`${certificate('c', 'AB:CD')}
      INSERT INTO agents VALUES ('a', 'ÄGYPTEN', 'k', 'c', NULL, '1.0.0-rc.1', NULL, 0, 0, 0, 'ACTIVE', 'o');
      INSERT INTO agent_metadata VALUES ('a', 'blob', x'6869'), ('a', 'number', 3);`);
    const db = openService(url);
    await db.initialize();
    expect(await db.getAgent('a')).toMatchObject({ metadata: { blob: 'hi', number: '3' } });
    expect(await db.queryAgents({ name: 'ägy', version: '>=1.0.0-0' })).toHaveLength(1);
    expect(await db.getCertificateByFingerprint('abcd')).toMatchObject({ id: 'c', subject: 'CN=Ä' });
  });

  test('with fingerprints that differ in case only is refused and stays as it was', async () => {
    const url = seedDatabase(certificate('one', 'AA') + certificate('two', 'aa'));
    await expectError('MIGRATION_FAILED', () => openService(url).initialize());
    const driver = new SqliteDriver(url.slice('file:'.length));
    const content = driver.prepare('SELECT id, fingerprint FROM certificates').raw().all();
    const tables = driver.prepare("SELECT count(*) FROM sqlite_schema WHERE name = '_prisma_migrations'").pluck().get();
    driver.close();
    expect({ content, tables }).toEqual({
      content: [
        ['one', 'AA'],
        ['two', 'aa'],
      ],
      tables: 0,
    });
  });

  test('is SCHEMA_OUTDATED for reads and writes alike where its migrations are skipped', async () => {
    const db = openService(seedDatabase(certificate('c', 'AA')), 'skip');
    await db.initialize();
    await expectError('SCHEMA_OUTDATED', () => db.getAgent('a'));
    await expectError('SCHEMA_OUTDATED', () => db.createAgent(agentInput({ certificateId: 'c' })));
    await expectError('SCHEMA_OUTDATED', () => db.createCertificate(certificateInput()));
  });

  test('is migrated after an open transaction of this process, however long that takes', async () => {
    const url = seedDatabase('');
    const db = new DatabaseService({ url, migrations: 'skip', busyTimeoutMs: 50, retry: false });
    afterTest(() => db.close());
    await db.initialize();
    const held = db.transaction(() => new Promise((resolve) => setTimeout(resolve, 300)));
    expect(await db.migrateDatabase()).toEqual(['20261123000100_ans_directory']);
    await held;
    expect(await db.getAgent('a')).toBeNull();
  });
});
