import { readFileSync } from 'node:fs';
import SqliteDriver from '../support/sqlite-driver';
import { DatabaseService, type DatabaseOptions } from '../../src';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput } from '../support/factories';
import { createInitialDatabase } from '../support/initial-schema';
import { readSqlite } from '../support/raw-reader';
import { afterTest } from '../support/test-database';

const time = Date.parse('2026-06-01T12:00:00.123Z');

/** Creates a database with one record of each kind, and then runs `changes`. */
function createFilledDatabase(changes: string): string {
  return createInitialDatabase(`
    INSERT INTO certificates VALUES ('c', 'CN=C', '', ${time}, ${time}, 'k', 'c', 'AA', 'VALID', ${time});
    INSERT INTO agents VALUES ('a', 'A', 'k', 'c', 'm', '1.0.0', NULL, ${time}, ${time}, ${time}, 'ACTIVE', 'o');
    INSERT INTO endpoints VALUES ('m', 'a', 'https', 'x', 443, 'HEALTHY', ${time}, NULL);
    INSERT INTO security_events VALUES ('e', ${time}, 'T', 'HIGH', 's', 't', 'd', 0, NULL);
    ${changes}`);
}

const insertCertificate = (id: string, fingerprint: string) =>
  `INSERT INTO certificates VALUES ('${id}', 'CN=Ä', '', 0, 1, 'k', 'c', '${fingerprint}', 'VALID', 0);`;

function createService(path: string, options: DatabaseOptions = {}): DatabaseService {
  const db = new DatabaseService({ url: `file:${path}`, ...options });
  afterTest(() => db.close());
  return db;
}

/** Returns the schema of a database and its rows. */
function dump(path: string): unknown {
  const tables = ['agents', 'certificates', 'endpoints', 'security_events'].map((table) => `SELECT * FROM ${table}`);
  return readSqlite(path, (driver) =>
    ['SELECT name, sql FROM sqlite_schema ORDER BY name', ...tables].map((sql) => driver.prepare(sql).raw().all()),
  );
}

describe('a database with the initial schema', () => {
  test.each([
    ['a time as an ISO text', `'2026-06-01T12:00:00.123Z'`, time],
    ['a time with an offset', `'2026-06-01T14:00:00.123+02:00'`, time],
    ['a time without a fraction', `'2026-06-01T12:00:00Z'`, Date.parse('2026-06-01T12:00:00Z')],
    ['an early time', `'0001-01-01T00:00:00.000Z'`, Date.parse('0001-01-01T00:00:00.000Z')],
    ['a time before 1970', `'1969-12-31T23:59:59.999Z'`, -1],
    ['the last time', `'9999-12-31T23:59:59.999Z'`, Date.parse('9999-12-31T23:59:59.999Z')],
    ['a number as a text', `'${time}'`, time],
    ['a fraction of a millisecond', `${time}.75`, time],
  ])('the migration of the initial schema keeps this value in columns of times: %s', async (_, value, expected) => {
    const sql = [
      `UPDATE agents SET created_at = ${value}, updated_at = ${value}, expires_at = ${value}`,
      `UPDATE endpoints SET last_checked = ${value}`,
      `UPDATE certificates SET not_before = ${value}, not_after = ${value}, created_at = ${value}`,
      `UPDATE security_events SET timestamp = ${value}`,
    ];
    const db = createService(createFilledDatabase(sql.join(';')));
    await db.initialize();
    const date = new Date(expected);
    expect(await db.getAgent('a')).toMatchObject({
      createdAt: date,
      updatedAt: date,
      expiresAt: date,
      endpoints: [{ health: { lastChecked: date } }],
    });
    expect(await db.getCertificate('c')).toMatchObject({ notBefore: date, notAfter: date, createdAt: date });
    expect(await db.events.get('e')).toMatchObject({ timestamp: date });
    expect(await db.events.verify()).toMatchObject({ valid: true, entries: 1 });
    expect(await db.check()).toMatchObject({ ok: true });
  });

  test.each([
    ["'true'", true],
    ["'False'", false],
    ["'1'", true],
    ['1.0', true],
  ])('the migration of the initial schema keeps the boolean value %s', async (value, expected) => {
    const db = createService(createFilledDatabase(`UPDATE security_events SET mitigation_applied = ${value}`));
    await db.initialize();
    expect(await db.events.get('e')).toMatchObject({ mitigationApplied: expected });
  });

  test.each([
    ["UPDATE agents SET created_at = 'yesterday'", 'agents', 'a', 'created_at'],
    ["UPDATE agents SET expires_at = '2026-06-01 12:00:00'", 'agents', 'a', 'expires_at'],
    ["UPDATE agents SET expires_at = '2026-13-01T12:00:00Z'", 'agents', 'a', 'expires_at'],
    ['UPDATE agents SET updated_at = 9e15', 'agents', 'a', 'updated_at'],
    ["UPDATE agents SET status = 'active'", 'agents', 'a', 'status'],
    ["UPDATE agents SET name = x'41'", 'agents', 'a', 'name'],
    ["UPDATE certificates SET not_after = ''", 'certificates', 'c', 'not_after'],
    ["UPDATE certificates SET status = 'EXPIRING'", 'certificates', 'c', 'status'],
    ["UPDATE certificates SET fingerprint = x'AA'", 'certificates', 'c', 'fingerprint'],
    ['UPDATE endpoints SET port = 0', 'endpoints', 'm', 'port'],
    ["UPDATE endpoints SET port = 'https'", 'endpoints', 'm', 'port'],
    ["UPDATE endpoints SET health_status = 'UP'", 'endpoints', 'm', 'health_status'],
    ['UPDATE security_events SET mitigation_applied = 2', 'security_events', 'e', 'mitigation_applied'],
    ["UPDATE security_events SET severity = 'URGENT'", 'security_events', 'e', 'severity'],
    ["UPDATE security_events SET timestamp = '2026-06-01'", 'security_events', 'e', 'timestamp'],
  ])(
    'the migration refuses an invalid row, names its table, id and column, and changes nothing: %s',
    async (sql, table, id, column) => {
      const path = createFilledDatabase(sql);
      const before = dump(path);
      const error = await expectError('MIGRATION_FAILED', () => createService(path).initialize());
      expect(error.message).toContain(
        `20261123000100_ans_directory failed: the row of table ${table} with id "${id}" has an invalid ${column}; correct the row`,
      );
      expect(dump(path)).toEqual(before);
    },
  );

  test('a database with an invalid row can be opened after the row is corrected', async () => {
    const path = createFilledDatabase('UPDATE endpoints SET port = 0');
    await expectError('MIGRATION_FAILED', () => createService(path).initialize());
    const driver = new SqliteDriver(path);
    driver.exec('UPDATE endpoints SET port = 443');
    driver.close();
    const db = createService(path);
    await db.initialize();
    expect(await db.getAgent('a')).toMatchObject({ endpoints: [{ port: 443 }] });
  });

  test('a database with thousands of agents without a name can be opened, and the next initialize does not write', async () => {
    const path = createInitialDatabase(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
      INSERT INTO agents SELECT 'a' || i, '', 'k', 'c', NULL, '1.2.3', NULL, 0, i, 0, 'ACTIVE', 'o' FROM n;`);
    const db = createService(path);
    await db.initialize();
    const newest = await db.queryAgents({ version: '^1.2.0', orderBy: 'updatedAt', orderDirection: 'desc', limit: 1 });
    expect(newest.map(({ id }) => id)).toEqual(['a2500']);
    await db.close();
    const before = readFileSync(path);
    await db.initialize();
    await db.close();
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('the migration of the initial schema stores every metadata value as text and adds search by name and version', async () => {
    const path = createInitialDatabase(`${insertCertificate('c', 'AB:CD')}
      INSERT INTO agents VALUES ('a', 'ÄGYPTEN', 'k', 'c', NULL, '1.0.0-rc.1', NULL, 0, 0, 0, 'ACTIVE', 'o');
      INSERT INTO agent_metadata VALUES ('a', 'blob', x'6869'), ('a', 'number', 3);`);
    const db = createService(path);
    await db.initialize();
    expect(await db.getAgent('a')).toMatchObject({ metadata: { blob: 'hi', number: '3' } });
    expect(await db.queryAgents({ name: 'ägy', version: '>=1.0.0-0' })).toHaveLength(1);
    expect(await db.getCertificateByFingerprint('abcd')).toMatchObject({ id: 'c', subject: 'CN=Ä' });
  });

  test('the migration refuses two fingerprints that differ only in letter case and changes nothing', async () => {
    const path = createInitialDatabase(insertCertificate('one', 'AA') + insertCertificate('two', 'aa'));
    const before = dump(path);
    await expectError('MIGRATION_FAILED', () => createService(path).initialize());
    expect(dump(path)).toEqual(before);
  });

  test('reads and writes fail with SCHEMA_OUTDATED on the initial schema when migrations are skipped', async () => {
    const db = createService(createInitialDatabase(insertCertificate('c', 'AA')), { migrations: 'skip' });
    await db.initialize();
    await expectError('SCHEMA_OUTDATED', () => db.getAgent('a'));
    await expectError('SCHEMA_OUTDATED', () => db.createAgent(agentInput({ certificateId: 'c' })));
    await expectError('SCHEMA_OUTDATED', () => db.createCertificate(certificateInput()));
  });

  test('the migration waits for an open transaction of the same service, even longer than busyTimeoutMs', async () => {
    const db = createService(createInitialDatabase(''), { migrations: 'skip', busyTimeoutMs: 50, retry: false });
    await db.initialize();
    const held = db.transaction(() => new Promise((resolve) => setTimeout(resolve, 300)));
    expect(await db.migrateDatabase()).toEqual(['20261123000100_ans_directory']);
    await held;
    expect(await db.getAgent('a')).toBeNull();
  });
});
