import { copyFileSync, cpSync, existsSync, linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { basename, dirname, join } from 'node:path';
import SqliteDriver, { type Database } from '../support/sqlite-driver';
import { DatabaseService } from '../../src';
import { collectLog } from '../support/collect-log';
import { expectError } from '../support/expect-error';
import { createCertificate } from '../support/factories';
import { changeRaw, openSqlite } from '../support/raw-writer';
import { describeUnless } from '../support/skip';
import { fill, soundReport } from '../support/sound-database';
import { afterTest, openTestDatabase, shareTestDatabase, temporaryDirectory } from '../support/test-database';

const newPath = (): string => join(temporaryDirectory(), 'test.sqlite');

function createService(path: string, migrations: 'apply' | 'verify' | 'skip' = 'apply'): DatabaseService {
  const db = new DatabaseService({ url: `file:${path}`, migrations, retry: false });
  afterTest(() => db.close());
  return db;
}

/** Returns the bytes of the files in the folder of a path, except the index of the log. */
function filesBeside(path: string): Record<string, string> {
  const names = readdirSync(dirname(path)).filter((name) => !name.endsWith('-shm'));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(dirname(path), name)).toString('base64')]));
}

/** Asserts that a database cannot be opened with any of these options, and that no file is changed or created. */
async function expectUntouched(path: string, outcomes: readonly (readonly ['apply' | 'verify' | 'skip', string])[]) {
  const before = filesBeside(path);
  for (const [migrations, code] of outcomes) {
    const error: unknown = await createService(path, migrations)
      .initialize()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, retryable: false, operation: 'initialize' });
    if (code === 'UNAVAILABLE') expect(String(error)).toContain('UTF-16');
  }
  expect(filesBeside(path)).toEqual(before);
}

describe('a file of another program', () => {
  const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

  test.each<[string, Buffer]>([
    ['a text file', Buffer.from('This is a diary, and no database. '.repeat(100))],
    ['a short text file', Buffer.from('xy')],
    ['a picture', Buffer.from(png, 'base64')],
    ['zeros', Buffer.alloc(8192)],
  ])('initialize fails with CORRUPT when the file is %s, and does not change it', async (_, bytes) => {
    const path = newPath();
    writeFileSync(path, bytes);
    await expectUntouched(path, [['apply', 'CORRUPT']]);
    expect(readdirSync(dirname(path))).toEqual([basename(path)]);
  });

  test.each(['delete', 'wal'])(
    'initialize refuses a database of an application in journal mode %s and does not change it',
    async (mode) => {
      const path = newPath();
      const driver = new SqliteDriver(path);
      driver.pragma(`journal_mode = ${mode}`);
      driver.exec("CREATE TABLE notes (text); INSERT INTO notes VALUES ('theirs'); PRAGMA user_version = 7");
      driver.close();
      await expectUntouched(path, [
        ['apply', 'MIGRATION_FAILED'],
        ['verify', 'SCHEMA_OUTDATED'],
      ]);
      expect(readdirSync(dirname(path))).toEqual([basename(path)]);
    },
  );

  const refused = (['apply', 'verify', 'skip'] as const).map((migrations) => [migrations, 'UNAVAILABLE'] as const);

  /** Creates a database in UTF-16 with tables of this package's names. */
  function createUtf16(path: string, encoding: string): Database {
    const driver = new SqliteDriver(path);
    afterTest(() => void driver.close());
    const tables = 'CREATE TABLE agents (id TEXT); CREATE TABLE security_events (id TEXT)';
    driver.exec(`PRAGMA encoding = '${encoding}'; ${tables}; INSERT INTO agents VALUES ('kept')`);
    return driver;
  }

  test.each(['UTF-16le', 'UTF-16be'])(
    'initialize refuses a database with the text encoding %s and does not change it',
    async (encoding) => {
      const path = newPath();
      createUtf16(path, encoding).close();
      await expectUntouched(path, refused);
    },
  );

  test('initialize refuses a UTF-16 database with changes in its write-ahead log and does not change it', async () => {
    const original = newPath();
    const driver = createUtf16(original, 'UTF-16');
    driver.pragma('journal_mode = WAL');
    driver.exec("INSERT INTO agents VALUES ('in the log')");
    // No other connection has the copy open, so that the connection that closes it is the last one.
    const path = newPath();
    for (const suffix of ['', '-wal']) copyFileSync(original + suffix, path + suffix);
    await expectUntouched(path, refused);
  });
});

describe('a damaged database', () => {
  const undamaged = shareTestDatabase({}, async (database) => {
    await fill(database);
    await database.db.close();
  });
  let path: string;
  beforeEach(() => {
    path = newPath();
    copyFileSync(undamaged().options.url.replace('file:', ''), path);
  });

  const rewrite = (change: (bytes: Buffer) => Uint8Array): void => writeFileSync(path, change(readFileSync(path)));

  async function checkAfter(change: () => unknown) {
    const db = createService(path);
    await db.initialize();
    await change();
    const { ok, findings } = await db.check();
    expect(ok).toBe(false);
    return findings;
  }

  /** Changes the SQL of `idx_agents_name` in the schema, but not the entries of the index. */
  function declareNameIndex(sql: string): void {
    const driver = openSqlite(path);
    driver.unsafeMode();
    driver.pragma('writable_schema = ON');
    driver.prepare("UPDATE sqlite_schema SET sql = ? WHERE name = 'idx_agents_name'").run(sql);
    driver.close();
  }

  test('check() reports a damaged database with the name of the index that lacks an entry', async () => {
    const index = 'CREATE INDEX idx_agents_name ON agents (name, id)';
    declareNameIndex(`${index} WHERE 0`);
    const change = "UPDATE agents SET name = 'Plain', name_folded = 'plain' WHERE id = 'plain'";
    await changeRaw({ options: { url: path } }, change);
    declareNameIndex(index);
    const findings = await checkAfter(() => undefined);
    const message: unknown = expect.stringMatching(/^row \d+ missing from index idx_agents_name$/);
    expect(findings).toContainEqual({ check: 'storage', message });
    expect(findings.filter(({ check }) => check !== 'storage')).toEqual([]);
  });

  // SQLite chooses page numbers, so that each change of the schema moves the pages: the content identifies a page.
  test.each([
    ['the root of an index', 'idx_agents_name', 'leaf', 'storage'],
    ['the root of a table', 'endpoints', 'internal', 'storage'],
    ['rows of a table', 'security_events', 'leaf', 'storage'],
    ['the rest of a long value', 'agent_metadata', 'overflow', 'storage'],
    // Without its schema, SQLite cannot check any page.
    ['the definitions of tables', 'sqlite_schema', 'leaf', 'unreadable'],
  ])('check() reports a database in which a page with %s is overwritten', async (_, name, type, check) => {
    const driver = openSqlite(path);
    const find = driver.prepare<[string, string], number>(
      'SELECT max(pageno) FROM dbstat WHERE name = ? AND pagetype = ?',
    );
    const page = find.pluck().get(name, type) ?? 0;
    driver.close();
    expect(page).toBeGreaterThan(1);
    const findings = await checkAfter(() => rewrite((bytes) => bytes.fill(0xaa, (page - 1) * 4096, page * 4096)));
    expect(findings).toContainEqual({ check, message: expect.any(String) as string });
  });

  test('check() reports two findings when the whole database file is overwritten', async () => {
    const findings = await checkAfter(() => rewrite(() => Buffer.alloc(200_000, 'no database')));
    expect(findings).toMatchObject([{ check: 'unreadable' }, { check: 'unreadable' }]);
  });

  test.each<[string, (bytes: Buffer) => Uint8Array]>([
    ['its header is overwritten', (bytes) => bytes.fill('garbage ', 0, 31)],
    ['its second half is missing', (bytes) => bytes.subarray(0, Math.floor(bytes.length / 2 / 4096) * 4096)],
    ['its other pages are overwritten', (bytes) => bytes.fill(0xa5, 4096)],
  ])('initialize or a query fails with CORRUPT when the database file is damaged: %s', async (_, change) => {
    rewrite(change);
    const db = createService(path);
    const error = await expectError('CORRUPT', async () => {
      await db.initialize();
      await db.queryAgents({ limit: 1000 });
    });
    expect(error.retryable).toBe(false);
  });
});

test('a hard link to the database file causes a warning in the log and in check() until it is removed', async () => {
  const path = newPath();
  const { logger, warnings } = collectLog();
  const { db } = await openTestDatabase({ url: `file:${path}`, logger });
  expect(await db.check()).toEqual(soundReport);
  expect(warnings).toEqual([]);
  linkSync(path, `${path}-link`);
  const warning = expect.stringContaining('several names (hard links)') as string;
  expect(await db.check()).toEqual({ ...soundReport, warnings: [warning] });
  await db.close();
  warnings.length = 0;
  await db.initialize();
  expect(warnings).toEqual([warning]);
  rmSync(`${path}-link`);
  expect(await db.check()).toEqual(soundReport);
});

test.each([':memory:', 'file::memory:'])(
  'databases with the url %s are separate, create no file, and lose their rows when they are closed',
  async (url) => {
    const [{ db: first }, { db: second }] = [await openTestDatabase({ url }), await openTestDatabase({ url })];
    await createCertificate(first, { id: 'same' });
    expect(await second.getCertificate('same')).toBeNull();
    await createCertificate(second, { id: 'same', subject: 'CN=second' });
    expect(await first.getCertificate('same')).toMatchObject({ subject: 'CN=agent.example' });
    await first.close();
    await first.initialize();
    expect(await first.getCertificate('same')).toBeNull();
    expect(await second.getCertificate('same')).toMatchObject({ subject: 'CN=second' });
    expect(existsSync(':memory:')).toBe(false);
  },
);

const modules = join(__dirname, '../../node_modules');
const binary = 'better-sqlite3/build/Release/better_sqlite3.node';
const whyNoPlugAndPlay = [join(__dirname, '../../dist/index.js'), join(modules, binary)].every(existsSync)
  ? undefined
  : 'needs the compiled package (npm run build) and a better-sqlite3 that was compiled or downloaded by npm';

describeUnless(whyNoPlugAndPlay, 'a process that preloads Yarn’s Plug’n’Play', () => {
  test('a process that preloads Yarn’s Plug’n’Play can back up and check a database', () => {
    // Only Plug'n'Play finds the packages in this folder.
    const folder = temporaryDirectory();
    const parts = ['better-sqlite3/package.json', 'better-sqlite3/lib', binary, 'bindings', 'file-uri-to-path'];
    for (const part of parts) cpSync(join(modules, part), join(folder, part), { recursive: true });
    const names = ['better-sqlite3', 'bindings', 'file-uri-to-path'];
    const packages = Object.fromEntries(names.map((name) => [name, join(folder, name)]));
    const copy = join(temporaryDirectory(), 'copy.sqlite');
    const [hook, program] = ['plug-and-play-hook.cjs', 'plug-and-play-process.cjs'].map((name) =>
      join(__dirname, name),
    );
    const args = ['--require', hook ?? '', program ?? '', copy];
    const env = { ...process.env, PACKAGES: JSON.stringify(packages) };
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, findings: [] });
    expect(existsSync(copy)).toBe(true);
  });
});
