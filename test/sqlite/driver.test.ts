import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { embedDriver } from '../../scripts/driver/embed-driver';
import { DatabaseService } from '../../src';
import { runInDriverThread } from '../../src/engines/sqlite/driver-thread';
import type { DriverConnection } from '../../src/engines/sqlite/driver/driver';
import { loadSqliteDriver } from '../../src/engines/sqlite/driver/load-driver';
import { nameOfResultCode } from '../../src/engines/sqlite/driver/result-codes';
import { expectError } from '../support/expect-error';
import { onNodeSqlite } from '../support/sqlite-driver';
import { afterTest, temporaryDirectory } from '../support/test-database';

/** Runs on each driver, with the same expected results. */
function open(sql = ''): DriverConnection {
  const connection = loadSqliteDriver().open(join(temporaryDirectory(), 'driver.sqlite'));
  afterTest(() => void connection.close());
  connection.exec(sql);
  return connection;
}

/** Returns the class, the code and the message of the error of `work`. */
function errorOf(work: () => unknown): object | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    const { name, message } = error as Error;
    return { name, message, ...((error as { code?: string }).code && { code: (error as { code?: string }).code }) };
  }
}

test('the embedded driver equals the output of compiling its source', () => {
  // A difference means that `npm run generate` was not run after a change.
  const { path, text } = embedDriver();
  expect(readFileSync(path, 'utf8')).toBe(text);
});

describe('a statement of the driver', () => {
  test('a statement of the SQLite driver reads text, numbers, large integers, NULL and blobs', () => {
    const select = open().prepare("SELECT 'a' AS t, 1 AS i, 1.5 AS r, 9007199254740993 AS n, NULL AS z, x'0102' AS b");
    const blob = Buffer.from([1, 2]);
    expect(select.all()).toEqual([{ t: 'a', i: 1, r: 1.5, n: 9007199254740992, z: null, b: blob }]);
    expect(select.raw().get()).toEqual(['a', 1, 1.5, 9007199254740992, null, blob]);
    expect([...select.raw().iterate()]).toEqual([['a', 1, 1.5, 9007199254740992, null, blob]]);
    expect(Buffer.isBuffer((select.raw().get() as unknown[])[5])).toBe(true);
    expect(select.safeIntegers().get()).toEqual(['a', 1n, 1.5, 9007199254740993n, null, blob]);
    expect(select.pluck().all()).toEqual(['a']);
  });

  test('a statement of the SQLite driver with RETURNING changes a row once and returns a large integer', () => {
    const connection = open('CREATE TABLE t (n INTEGER)');
    const insert = connection.prepare('INSERT INTO t VALUES (9007199254740993) RETURNING n');
    expect(insert.raw().all()).toEqual([[9007199254740992]]);
    expect(connection.prepare('SELECT count(*) FROM t').pluck().get()).toBe(1);
  });

  test.each([
    ['SELECT 1', true, true],
    ['INSERT INTO t VALUES (1)', false, false],
    ['INSERT INTO t VALUES (1) RETURNING a', true, false],
    ['BEGIN', false, true],
    ['BEGIN IMMEDIATE', false, false],
    ['CREATE TABLE u (a)', false, false],
    ['PRAGMA user_version', true, true],
    ['PRAGMA user_version = 3', false, false],
    ['VACUUM', false, false],
    ['SELECT a FROM t WHERE a = ?', true, true],
  ])(
    'a statement of the SQLite driver reports whether it returns rows and whether it only reads: %s',
    (sql, reader, readonly) => {
      const statement = open('CREATE TABLE t (a)').prepare(sql);
      expect([statement.reader, statement.readonly]).toEqual([reader, readonly]);
    },
  );

  test('the SQLite driver counts the changed rows of a statement, and 0 for a statement without changes', () => {
    const connection = open('CREATE TABLE t (a)');
    const changes = (sql: string): number => connection.prepare(sql).run().changes;
    expect(changes('INSERT INTO t VALUES (1), (2)')).toBe(2);
    expect(changes('CREATE TABLE u (a)')).toBe(0);
    expect(changes('/* both */ UPDATE t SET a = 3')).toBe(2);
    expect(changes('SAVEPOINT s')).toBe(0);
    expect(changes('DELETE FROM t WHERE a = 9')).toBe(0);
  });

  test.each([
    ['SELECT 1; SELECT 2', 'RangeError', 'The supplied SQL string contains more than one statement'],
    [' -- nothing', 'RangeError', 'The supplied SQL string contains no statements'],
    ['EXPLAIN SELECT ?', 'RangeError', 'Too few parameter values were provided'],
  ])('the SQLite driver refuses the statement %j', (sql, name, message) => {
    const connection = open();
    expect(errorOf(() => connection.prepare(sql).all())).toEqual({ name, message });
  });

  test('the SQLite driver accepts blanks and comments after the statement', () => {
    expect(open().prepare('SELECT 1; -- end\n /* of it */ ;').pluck().get()).toBe(1);
  });

  test('the SQLite driver refuses too many values, and values of types that SQLite does not have', () => {
    const select = open().prepare('SELECT ?');
    const bind = 'SQLite3 can only bind numbers, strings, bigints, buffers, and null';
    expect(errorOf(() => select.get(1, 2))).toMatchObject({ name: 'RangeError' });
    expect(errorOf(() => select.get(true))).toEqual({ name: 'TypeError', message: bind });
    expect(errorOf(() => select.get(new Date()))).toMatchObject({ name: 'TypeError' });
    expect(errorOf(() => select.get(2n ** 64n))).toMatchObject({ name: 'RangeError' });
  });

  test.each([
    ["INSERT INTO t VALUES ('a', 1)", 'SQLITE_CONSTRAINT_UNIQUE', 'UNIQUE constraint failed: t.a'],
    ['INSERT INTO t VALUES (NULL, 1)', 'SQLITE_CONSTRAINT_NOTNULL', 'NOT NULL constraint failed: t.a'],
    ["INSERT INTO t VALUES ('b', 0)", 'SQLITE_CONSTRAINT_CHECK', 'CHECK constraint failed: positive'],
    ['SELECT * FROM missing', 'SQLITE_ERROR', 'no such table: missing'],
    ['SELECT "missing"', 'SQLITE_ERROR', expect.stringContaining('no such column: ')],
  ])('the SQLite driver reports the name of the result code of an error: %s', (sql, code, message: unknown) => {
    const schema = 'CREATE TABLE t (a TEXT UNIQUE NOT NULL, b CONSTRAINT positive CHECK (b > 0))';
    const connection = open(`${schema}; INSERT INTO t VALUES ('a', 1)`);
    expect(errorOf(() => connection.exec(sql))).toMatchObject({ code, message });
    expect(errorOf(() => connection.prepare(sql).run())).toMatchObject({ code, message });
  });

  test('a statement on a closed SQLite connection fails with the message by which the package recognizes a closed connection', () => {
    const connection = open();
    const select = connection.prepare('SELECT 1');
    connection.close();
    connection.close();
    const closed = { name: 'TypeError', message: 'The database connection is not open' };
    expect([connection.open, connection.inTransaction]).toEqual([false, false]);
    expect(errorOf(() => select.get())).toEqual(closed);
    expect(errorOf(() => connection.prepare('SELECT 1'))).toEqual(closed);
    expect(errorOf(() => connection.exec('SELECT 1'))).toEqual(closed);
  });
});

describe('a connection of the driver', () => {
  test('the SQLite driver does not create a file that must exist', () => {
    const missing = join(temporaryDirectory(), 'missing %20?#.sqlite');
    const driver = loadSqliteDriver();
    for (const readonly of [true, false]) {
      expect(errorOf(() => driver.open(missing, { readonly, fileMustExist: true }))).toMatchObject({
        code: 'SQLITE_CANTOPEN',
      });
    }
    driver.open(missing).close();
    driver.open(missing, { fileMustExist: true }).close();
  });

  test('the SQLite driver reports a missing directory', () => {
    const path = join(temporaryDirectory(), 'missing', 'a.sqlite');
    expect(errorOf(() => loadSqliteDriver().open(path))).toEqual({
      name: 'TypeError',
      message: 'Cannot open database because the directory does not exist',
    });
  });

  test('the SQLite driver works in a worker thread, and its errors have the same codes', async () => {
    const path = join(temporaryDirectory(), 'thread.sqlite');
    const work = `const connection = new Driver(data.path);
      connection.exec('CREATE TABLE t (a UNIQUE); INSERT INTO t VALUES (1)');
      const rows = connection.prepare('SELECT a FROM t').pluck().all();
      try { connection.exec('INSERT INTO t VALUES (1)'); } catch ({ code }) { return [rows, code] } finally { connection.close() }`;
    expect(await runInDriverThread(loadSqliteDriver(), work, { path })).toEqual([[1], 'SQLITE_CONSTRAINT_UNIQUE']);
  });
});

test.each([
  [1, 'SQLITE_ERROR'],
  [5, 'SQLITE_BUSY'],
  [517, 'SQLITE_BUSY_SNAPSHOT'],
  [13, 'SQLITE_FULL'],
  [8, 'SQLITE_READONLY'],
  [11, 'SQLITE_CORRUPT'],
  [26, 'SQLITE_NOTADB'],
  [4874, 'SQLITE_IOERR_SHMSIZE'],
  [8714, 'SQLITE_IOERR_IN_PAGE'],
  [516, 'SQLITE_ABORT_ROLLBACK'],
  [3091, 'SQLITE_CONSTRAINT_DATATYPE'],
  [99, 'UNKNOWN_SQLITE_ERROR_99'],
])('nameOfResultCode returns the name of the result code %i: %s', (code, name) => {
  expect(nameOfResultCode(code)).toBe(name);
});

describe('the option driver', () => {
  test('the option driver refuses an unknown driver', async () => {
    const create = () => new DatabaseService({ url: ':memory:', driver: 'sqlite3' as 'node:sqlite' });
    expect(await expectError('INVALID_OPTIONS', create)).toMatchObject({ field: 'driver' });
  });

  test('the option driver fails with DRIVER_UNAVAILABLE when the driver cannot be loaded', async () => {
    const isMissing = onNodeSqlite || process.getBuiltinModule('node:sqlite') === undefined;
    if (!isMissing) return;
    const driver = onNodeSqlite ? 'better-sqlite3' : 'node:sqlite';
    const db = new DatabaseService({ url: ':memory:', driver });
    const { message } = await expectError('DRIVER_UNAVAILABLE', () => db.initialize());
    expect(message).toContain('Node.js 22.16 or newer');
  });
});
