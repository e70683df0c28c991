import { readFileSync, writeFileSync } from 'node:fs';
import { fill } from '../support/sound-database';
import { changeRaw, openSqlite } from '../support/raw-writer';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

/** Has the schema say that the index is made so; the entries that it has stay as they are. */
function declareNameIndex({ options: { url } }: TestDatabase, sql: string): void {
  const driver = openSqlite(url);
  driver.unsafeMode();
  driver.pragma('writable_schema = ON');
  driver.prepare("UPDATE sqlite_schema SET sql = ? WHERE name = 'idx_agents_name'").run(sql);
  driver.close();
}

/** Puts other bytes into the place of those of the file, in which the log is by then. */
function rewriteFile({ options: { url } }: TestDatabase, change: (bytes: Buffer) => Buffer): void {
  const driver = openSqlite(url);
  driver.pragma('wal_checkpoint(TRUNCATE)');
  driver.close();
  const path = url.replace('file:', '');
  writeFileSync(path, change(readFileSync(path)));
}

describe('A check of a damaged file', () => {
  test('tells which index lacks an entry', async () => {
    const database = await openTestDatabase();
    await fill(database);
    declareNameIndex(database, 'CREATE INDEX idx_agents_name ON agents (name, id) WHERE 0');
    await changeRaw(database, "UPDATE agents SET name = 'Plain', name_folded = 'plain' WHERE id = 'plain'");
    declareNameIndex(database, 'CREATE INDEX idx_agents_name ON agents (name, id)');
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
    rewriteFile(database, (bytes) => bytes.fill(0xaa, (page - 1) * 4096, page * 4096));
    const { ok, findings } = await database.db.check();
    expect(ok).toBe(false);
    expect(findings.some(({ check }) => check === 'storage')).toBe(true);
  });

  test('answers with findings where nothing of it is a database any more', async () => {
    const database = await openTestDatabase();
    await fill(database);
    rewriteFile(database, () => Buffer.alloc(200_000, 'no database'));
    expect(await database.db.check()).toMatchObject({
      ok: false,
      findings: [{ check: 'unreadable' }, { check: 'unreadable' }],
    });
  });
});
