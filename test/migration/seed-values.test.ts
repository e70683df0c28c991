import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDriver from 'better-sqlite3';
import { DatabaseService } from '../../src';
import { expectError } from '../support/expect-error';
import { afterTest, temporaryDirectory } from '../support/test-database';

const seedSql = readFileSync(
  join(__dirname, '../../prisma/migrations/20261123000000_ans_initial/migration.sql'),
  'utf8',
);

const time = Date.parse('2026-06-01T12:00:00.123Z');

/** A database of the original design with one record of each kind. */
function seedDatabase(changes: string): string {
  const path = join(temporaryDirectory(), 'seed.sqlite');
  const driver = new SqliteDriver(path);
  driver.exec(seedSql);
  driver.pragma('foreign_keys = OFF');
  driver.exec(`
    INSERT INTO certificates VALUES ('c', 'CN=C', '', ${time}, ${time}, 'k', 'c', 'AA', 'VALID', ${time});
    INSERT INTO agents VALUES ('a', 'A', 'k', 'c', 'm', '1.0.0', NULL, ${time}, ${time}, ${time}, 'ACTIVE', 'o');
    INSERT INTO endpoints VALUES ('m', 'a', 'https', 'x', 443, 'HEALTHY', ${time}, NULL);
    INSERT INTO security_events VALUES ('e', ${time}, 'T', 'HIGH', 's', 't', 'd', 0, NULL);
    ${changes}`);
  driver.close();
  return path;
}

function openService(path: string): DatabaseService {
  const db = new DatabaseService({ url: `file:${path}` });
  afterTest(() => db.close());
  return db;
}

/** All that a file holds, but for what opening it has changed in no table. */
function dump(path: string): unknown {
  const driver = new SqliteDriver(path, { readonly: true });
  const read = (sql: string): unknown => driver.prepare(sql).raw().all();
  const content = [
    read('SELECT name, sql FROM sqlite_schema ORDER BY name'),
    ...['agents', 'certificates', 'endpoints', 'security_events'].map((table) => read(`SELECT * FROM ${table}`)),
  ];
  driver.close();
  return content;
}

describe('a database of the original design', () => {
  test.each([
    ['a time as an ISO text', `'2026-06-01T12:00:00.123Z'`, time],
    ['a time with an offset', `'2026-06-01T14:00:00.123+02:00'`, time],
    ['a time without a fraction', `'2026-06-01T12:00:00Z'`, Date.parse('2026-06-01T12:00:00Z')],
    ['an early time', `'0001-01-01T00:00:00.000Z'`, Date.parse('0001-01-01T00:00:00.000Z')],
    ['a time before 1970', `'1969-12-31T23:59:59.999Z'`, -1],
    ['the last time', `'9999-12-31T23:59:59.999Z'`, Date.parse('9999-12-31T23:59:59.999Z')],
    ['a number as a text', `'${time}'`, time],
    ['a fraction of a millisecond', `${time}.75`, time],
  ])('keeps %s', async (_, value, expected) => {
    const sql = [
      `UPDATE agents SET created_at = ${value}, updated_at = ${value}, expires_at = ${value}`,
      `UPDATE endpoints SET last_checked = ${value}`,
      `UPDATE certificates SET not_before = ${value}, not_after = ${value}, created_at = ${value}`,
      `UPDATE security_events SET timestamp = ${value}`,
    ];
    const db = openService(seedDatabase(sql.join(';')));
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
  ])('keeps the boolean value %s', async (value, expected) => {
    const db = openService(seedDatabase(`UPDATE security_events SET mitigation_applied = ${value}`));
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
  ])('is refused with the table, the id and the column and is not modified: %s', async (sql, table, id, column) => {
    const path = seedDatabase(sql);
    const before = dump(path);
    const error = await expectError('MIGRATION_FAILED', () => openService(path).initialize());
    expect(error.message).toContain(
      `20261123000100_ans_directory failed: the row of table ${table} with id "${id}" has an invalid ${column}; correct the row`,
    );
    expect(dump(path)).toEqual(before);
  });

  test('opens after the invalid row is corrected', async () => {
    const path = seedDatabase('UPDATE endpoints SET port = 0');
    await expectError('MIGRATION_FAILED', () => openService(path).initialize());
    const driver = new SqliteDriver(path);
    driver.exec('UPDATE endpoints SET port = 443');
    driver.close();
    const db = openService(path);
    await db.initialize();
    expect(await db.getAgent('a')).toMatchObject({ endpoints: [{ port: 443 }] });
  });
});
