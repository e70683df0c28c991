import { ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import { openAdapterPair, sameError, sameResult, statement } from './adapter-pair';

// The declarations of SQLite's documentation, section 3.1.1 of "Datatypes", those of Prisma, and some that nobody knows.
const declarations = [
  ...['INT', 'INTEGER', 'TINYINT', 'SMALLINT', 'MEDIUMINT', 'BIGINT', 'UNSIGNED BIG INT', 'INT2', 'INT8', 'SERIAL'],
  ...['TEXT', 'CLOB', 'CHARACTER', 'VARCHAR', 'VARYING CHARACTER', 'NCHAR', 'NATIVE CHARACTER', 'NVARCHAR'],
  ...['VARCHAR(255)', 'CHARACTER(20)', 'text', 'Integer', 'bigint', 'STRING', 'ENUM', 'UUID', ''],
  ...['REAL', 'DOUBLE', 'DOUBLE PRECISION', 'FLOAT', 'NUMERIC', 'DECIMAL', 'DECIMAL(10,5)', 'BOOLEAN', 'BLOB'],
  ...['DATE', 'TIME', 'DATETIME', 'TIMESTAMP', 'datetime', 'JSON', 'JSONB'],
];

/** Values as SQL writes them, so that each arrives in the storage class that it names. */
const values: Readonly<Record<string, string>> = {
  null: 'NULL',
  zero: '0',
  one: '1',
  negative: '-17',
  'the largest exact integer': '9007199254740991',
  'an integer beyond it': '9007199254740993',
  'the largest integer': '9223372036854775807',
  'the smallest integer': '-9223372036854775808',
  real: '0.1',
  'a large real': '1.5e300',
  'a negative real': '-2.75',
  text: "'text'",
  'an empty text': "''",
  'text of several scripts': "'äß漢字🙂'",
  'text of digits': "'123'",
  'an ISO time': "'2026-11-23T12:34:56.789Z'",
  json: '\'{"a":[1,null]}\'',
};

const columns = declarations.map((declaration, index) => `c${index} ${declaration}`);
const script = `CREATE TABLE every (${columns.join(', ')})`;
const selectAll = statement('SELECT * FROM every');
const timeless = declarations.flatMap((declaration, index) =>
  /^(datetime|timestamp)$/i.test(declaration) ? [] : [`c${index}`],
);
const isTime = (value: string): boolean => !(Math.abs(Number(value)) > 8.64e15);

describe('A result set of our adapter is that of the official one', () => {
  test.each(Object.entries(values))('for %s in a column of every declared type', async (_name, value) => {
    const row = columns.map(() => value).join(', ');
    const pair = await openAdapterPair(`${script}; INSERT INTO every VALUES (${row})`);
    const select = isTime(value) ? selectAll : statement(`SELECT ${timeless.join(', ')} FROM every`);
    expect(sameResult(await pair.query(select))).toMatchObject({ rows: [expect.anything()] });
  });

  test('for a number that is no time in a column of times: both refuse it', async () => {
    const pair = await openAdapterPair('CREATE TABLE t (a DATETIME); INSERT INTO t VALUES (8640000000000001)');
    expect(sameError(await pair.query(statement('SELECT a FROM t')))).toBe('RangeError: Invalid time value');
  });

  test('for a time in milliseconds in columns of times', async () => {
    const times = [0, 1, -1, 1_795_437_296_789, -62_135_596_800_000, 253_402_300_799_999];
    const rows = times.map((time) => `(${time}, ${time})`).join(', ');
    const pair = await openAdapterPair(`CREATE TABLE t (a DATETIME, b TIMESTAMP); INSERT INTO t VALUES ${rows}`);
    const result = sameResult(await pair.query(statement('SELECT * FROM t')));
    const iso = times.map((time) => [new Date(time).toISOString(), new Date(time).toISOString()]);
    expect(result).toMatchObject({ rows: iso });
  });

  test('for blobs in columns that are declared so', async () => {
    const pair = await openAdapterPair("CREATE TABLE t (b BLOB); INSERT INTO t VALUES (x''), (x'00ff10'), (NULL)");
    const result = sameResult(await pair.query(statement('SELECT b FROM t')));
    expect(result).toMatchObject({
      columnTypes: [ColumnTypeEnum.Bytes],
      rows: [[Buffer.alloc(0)], [Buffer.from([0, 255, 16])], [null]],
    });
  });

  test('for no rows at all', async () => {
    const pair = await openAdapterPair(script);
    expect(sameResult(await pair.query(selectAll))).toMatchObject({ rows: [] });
  });

  test('where nulls come before the value that tells a column of no known type', async () => {
    const pair = await openAdapterPair(
      "CREATE TABLE t (a, b, c, d); INSERT INTO t VALUES (NULL, NULL, NULL, NULL), (1, 'x', 1.5, NULL)",
    );
    const result = sameResult(await pair.query(statement('SELECT * FROM t')));
    const { Int64, Text, UnknownNumber, Int32 } = ColumnTypeEnum;
    expect(result).toMatchObject({ columnTypes: [Int64, Text, UnknownNumber, Int32] });
  });

  test.each([
    "SELECT 1, 'a', 0.5, NULL, 9007199254740993",
    'SELECT count(*), sum(c0), max(c10), avg(c0) FROM every',
    'SELECT c0, c0, c0 AS "a b", c0 + 1, upper(c10) FROM every',
    'SELECT 1 AS x UNION ALL SELECT 2.5 UNION ALL SELECT NULL',
    'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT i FROM n',
    'PRAGMA table_info(every)',
    'EXPLAIN QUERY PLAN SELECT * FROM every',
    'VALUES (1, 2), (3, 4)',
  ])('for %s', async (sql) => {
    const row = columns.map(() => '7').join(', ');
    const pair = await openAdapterPair(`${script}; INSERT INTO every VALUES (${row})`);
    expect(sameResult(await pair.query(statement(sql)))).toMatchObject({ rows: expect.anything() as unknown });
  });

  test('for a blob where no column declares it, except that the official one fails', async () => {
    const pair = await openAdapterPair('CREATE TABLE t (a)');
    const { ours, official } = await pair.query(statement("SELECT x'0102' AS b"));
    expect(official).toEqual({ error: expect.stringMatching(/^UnexpectedTypeError: /) as unknown });
    const rows = [[Buffer.from([1, 2])]];
    expect(ours).toMatchObject({ result: { columnNames: ['b'], columnTypes: [ColumnTypeEnum.Bytes], rows } });
  });
});

describe('What a write reports is what the official adapter reports', () => {
  const table =
    "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE, at DATETIME DEFAULT 5); INSERT INTO t (name) VALUES ('a'), ('b')";

  test.each([
    ["INSERT INTO t (name) VALUES ('c'), ('d'), ('e')", 3],
    ["INSERT INTO t (name) VALUES ('a') ON CONFLICT DO NOTHING", 0],
    ["INSERT INTO t (name) VALUES ('a') ON CONFLICT (name) DO UPDATE SET at = 1", 1],
    ['UPDATE t SET at = 6', 2],
    ["UPDATE t SET at = 6 WHERE name = 'nobody'", 0],
    ['DELETE FROM t', 2],
    ['CREATE TABLE other (id)', 0],
    ['DROP TABLE t', 0],
  ])('%s changes %i', async (sql, changes) => {
    const pair = await openAdapterPair(table);
    expect(sameResult(await pair.execute(statement(sql)))).toBe(changes);
  });

  test.each([
    ["INSERT INTO t (name) VALUES ('c'), ('d') RETURNING *", 2],
    ["INSERT INTO t (name) VALUES ('c') RETURNING id AS key, at, 1.5", 1],
    ["UPDATE t SET at = 6 WHERE name = 'a' RETURNING at", 1],
    ["DELETE FROM t WHERE name = 'a' RETURNING name", 1],
    ["UPDATE t SET at = 6 WHERE name = 'nobody' RETURNING at", 0],
    ["INSERT INTO t (name) VALUES ('c')", 0],
  ])('%s returns %i rows, and is done', async (sql, rowCount) => {
    const pair = await openAdapterPair(table);
    const result = sameResult(await pair.query(statement(sql))) as { rows: unknown[] };
    expect(result.rows).toHaveLength(rowCount);
    sameResult(await pair.query(statement('SELECT * FROM t ORDER BY id')));
  });

  test('a script runs all of its statements', async () => {
    const pair = await openAdapterPair(table);
    const more = "CREATE TABLE u (a); INSERT INTO u VALUES (1), (2); DELETE FROM t WHERE name = 'a'";
    await Promise.all([pair.ours.executeScript(more), pair.official.executeScript(more)]);
    const result = sameResult(await pair.query(statement('SELECT (SELECT count(*) FROM u), (SELECT count(*) FROM t)')));
    expect(result).toMatchObject({ rows: [[2, 1]] });
  });

  test.each([
    ['ALTER TABLE t ADD COLUMN extra TEXT DEFAULT 7', 4],
    ['ALTER TABLE t RENAME COLUMN name TO title', 3],
    ['DROP TABLE t; CREATE TABLE t (id REAL, only BLOB)', 2],
  ])('a statement that ran before sees the columns that "%s" leaves', async (change, columnCount) => {
    const pair = await openAdapterPair(table);
    const select = statement('SELECT * FROM t');
    sameResult(await pair.query(select));
    await Promise.all([pair.ours.executeScript(change), pair.official.executeScript(change)]);
    const result = sameResult(await pair.query(select)) as { columnNames: unknown[] };
    expect(result.columnNames).toHaveLength(columnCount);
  });
});
