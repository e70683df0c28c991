import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseService } from '../../src';
import { expectError } from '../support/expect-error';
import { changeRaw, openSqlite } from '../support/raw-writer';
import { fill } from '../support/sound-database';
import { afterTest, openTestDatabase, type TestDatabase } from '../support/test-database';

/** Changes the SQL of the index in the schema, but not its entries. */
function declareNameIndex({ options: { url } }: TestDatabase, sql: string): void {
  const driver = openSqlite(url);
  driver.unsafeMode();
  driver.pragma('writable_schema = ON');
  driver.prepare("UPDATE sqlite_schema SET sql = ? WHERE name = 'idx_agents_name'").run(sql);
  driver.close();
}

/** Replaces the bytes of the file, to which the log is copied before. */
function rewriteFile({ options: { url } }: TestDatabase, change: (bytes: Buffer) => Uint8Array): void {
  const driver = openSqlite(url);
  driver.pragma('wal_checkpoint(TRUNCATE)');
  driver.close();
  const path = url.replace('file:', '');
  writeFileSync(path, change(readFileSync(path)));
}

async function openFilled(): Promise<TestDatabase> {
  const database = await openTestDatabase();
  await fill(database);
  return database;
}

describe('db.check() of a damaged file', () => {
  test('names the index that lacks an entry', async () => {
    const database = await openFilled();
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

  test.each([3, 10, 25, 60])('reports findings when page %i is overwritten', async (page) => {
    const database = await openFilled();
    rewriteFile(database, (bytes) => bytes.fill(0xaa, (page - 1) * 4096, page * 4096));
    const { ok, findings } = await database.db.check();
    expect(ok).toBe(false);
    expect(findings.some(({ check }) => check === 'storage')).toBe(true);
  });

  test('reports two findings when the whole file is overwritten', async () => {
    const database = await openFilled();
    rewriteFile(database, () => Buffer.alloc(200_000, 'no database'));
    expect(await database.db.check()).toMatchObject({
      ok: false,
      findings: [{ check: 'unreadable' }, { check: 'unreadable' }],
    });
  });
});

test.each<[string, (bytes: Buffer) => Uint8Array]>([
  ['whose header is overwritten', (bytes) => bytes.fill('garbage ', 0, 31)],
  ['that lost its second half', (bytes) => bytes.subarray(0, Math.floor(bytes.length / 2 / 4096) * 4096)],
  ['whose other pages are overwritten', (bytes) => bytes.fill(0xa5, 4096)],
])('a database %s fails with CORRUPT when it is opened or queried', async (_, change) => {
  const database = await openFilled();
  await database.db.close();
  rewriteFile(database, change);
  const db = new DatabaseService({ ...database.options, retry: false });
  afterTest(() => db.close());
  const error = await expectError('CORRUPT', async () => {
    await db.initialize();
    await db.queryAgents({ limit: 1000 });
  });
  expect(error.retryable).toBe(false);
});
