import { readFileSync, writeFileSync } from 'node:fs';
import { fill } from '../check/sound';
import { openSqlite } from '../support/raw-writer';
import { openTestDatabase } from '../support/test-database';

describe('A check of a damaged file', () => {
  test('tells which index lacks an entry', async () => {
    const database = await openTestDatabase();
    await fill(database);
    const driver = openSqlite(database.options.url);
    driver.unsafeMode();
    driver.pragma('writable_schema = ON');
    driver.exec(
      "UPDATE sqlite_schema SET sql = 'CREATE INDEX idx_agents_name ON agents (name, id) WHERE 0' WHERE name = 'idx_agents_name'",
    );
    driver.close();
    const other = openSqlite(database.options.url);
    other.exec("UPDATE agents SET name = 'Plain', name_folded = 'plain' WHERE id = 'plain'");
    other.unsafeMode();
    other.pragma('writable_schema = ON');
    other.exec(
      "UPDATE sqlite_schema SET sql = 'CREATE INDEX idx_agents_name ON agents (name, id)' WHERE name = 'idx_agents_name'",
    );
    other.close();
    const { ok, findings } = await database.db.check();
    expect(ok).toBe(false);
    expect(findings).toContainEqual({
      check: 'storage',
      message: expect.stringMatching(/^row \d+ missing from index idx_agents_name$/) as string,
    });
    expect(findings.filter(({ check }) => check !== 'storage')).toEqual([]);
  });

  test.each([3, 10, 25, 60])('answers with findings where page %i is overwritten', async (page) => {
    const database = await openTestDatabase();
    await fill(database);
    const { url } = database.options;
    const driver = openSqlite(url);
    driver.pragma('wal_checkpoint(TRUNCATE)');
    driver.close();
    const path = url.replace('file:', '');
    const bytes = readFileSync(path);
    bytes.fill(0xaa, (page - 1) * 4096, page * 4096);
    writeFileSync(path, bytes);
    const { ok, findings } = await database.db.check();
    expect(ok).toBe(false);
    expect(findings.some(({ check }) => check === 'storage')).toBe(true);
  });

  test('answers with findings where nothing of it is a database any more', async () => {
    const database = await openTestDatabase();
    await fill(database);
    const { url } = database.options;
    const driver = openSqlite(url);
    driver.pragma('wal_checkpoint(TRUNCATE)');
    driver.close();
    writeFileSync(url.replace('file:', ''), Buffer.alloc(200_000, 'no database'));
    expect(await database.db.check()).toMatchObject({
      ok: false,
      findings: [{ check: 'unreadable' }, { check: 'unreadable' }],
    });
  });
});
