import {
  ColumnTypeEnum,
  type ArgScalarType,
  type IsolationLevel,
  type SqlDriverAdapter,
} from '@prisma/driver-adapter-utils';
import { openAdapterPair, sameError, sameResult, shareAdapterPair, statement } from './adapter-pair';

const script = `
  CREATE TABLE parent (id TEXT PRIMARY KEY, a TEXT NOT NULL, b TEXT, n INTEGER CHECK (n > 0), UNIQUE (a, b));
  CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id TEXT REFERENCES parent (id));
  CREATE UNIQUE INDEX lower_b ON parent (lower(b));
  CREATE TABLE strict_table (n INTEGER) STRICT;
  CREATE TRIGGER refuse BEFORE DELETE ON child BEGIN SELECT RAISE(ABORT, 'refused'); END;
  INSERT INTO parent VALUES ('p', 'a', 'b', 1);
  INSERT INTO child VALUES (1, 'p');
  PRAGMA journal_mode = WAL;`;

const unique = 'UniqueConstraintViolation';
const foreignKey = 'ForeignKeyConstraintViolation';

const failures: readonly (readonly [sql: string, error: object])[] = [
  ["INSERT INTO parent VALUES ('p', 'x', 'y', 1)", { kind: unique, constraint: { fields: ['id'] }, table: 'parent' }],
  ["INSERT INTO parent VALUES ('q', 'a', 'b', 1)", { kind: unique, originalCode: 'SQLITE_CONSTRAINT_UNIQUE' }],
  ["INSERT INTO parent VALUES ('q', 'x', 'B', 1)", { originalCode: 'SQLITE_CONSTRAINT_UNIQUE' }],
  ["INSERT INTO child VALUES (1, 'p')", { kind: unique, originalCode: 'SQLITE_CONSTRAINT_PRIMARYKEY' }],
  ["INSERT INTO parent VALUES ('q', NULL, 'y', 1)", { kind: 'NullConstraintViolation', constraint: { fields: ['a'] } }],
  ["INSERT INTO child VALUES (2, 'nobody')", { kind: foreignKey }],
  ["DELETE FROM parent WHERE id = 'p'", { kind: foreignKey }],
  ['DELETE FROM child', { kind: foreignKey, originalCode: 'SQLITE_CONSTRAINT_TRIGGER' }],
  ["INSERT INTO parent VALUES ('q', 'x', 'y', 0)", { kind: 'sqlite', originalCode: 'SQLITE_CONSTRAINT_CHECK' }],
  ["INSERT INTO strict_table VALUES ('text')", { kind: 'sqlite', originalCode: 'SQLITE_CONSTRAINT_DATATYPE' }],
  ["INSERT INTO child (rowid, id) VALUES ('text', 'text')", { kind: 'sqlite' }],
  ['SELECT * FROM missing', { kind: 'TableDoesNotExist', table: 'missing' }],
  ['SELECT * FROM other.missing', { kind: 'TableDoesNotExist' }],
  ['INSERT INTO missing VALUES (1)', { kind: 'TableDoesNotExist', table: 'missing' }],
  ['SELECT missing FROM parent', { kind: 'ColumnNotFound', column: 'missing' }],
  ['SELECT parent.missing FROM parent', { kind: 'ColumnNotFound', column: 'parent.missing' }],
  ['INSERT INTO parent (missing) VALUES (1)', { kind: 'ColumnNotFound', column: 'missing' }],
  ['UPDATE parent SET missing = 1', { kind: 'ColumnNotFound', column: 'missing' }],
  ['SELEC 1', { kind: 'sqlite', originalCode: 'SQLITE_ERROR', originalMessage: 'near "SELEC": syntax error' }],
  ['SELECT', { kind: 'sqlite' }],
  ['SELECT no_such_function(1)', { kind: 'sqlite' }],
  ['CREATE TABLE parent (id)', { kind: 'sqlite', originalMessage: 'table parent already exists' }],
  ['SELECT abs(-9223372036854775808)', { kind: 'sqlite', originalMessage: 'integer overflow' }],
  ["SELECT json('{')", { kind: 'sqlite', originalMessage: 'malformed JSON' }],
];

describe('our Prisma adapter for SQLite', () => {
  const shared = shareAdapterPair(script);
  const rowsOfParent = async () => sameResult(await shared().query(statement('SELECT id FROM parent')));

  test.each(failures)(
    'our Prisma adapter reports the same error as the official one when %s fails alone and inside a transaction',
    async (sql, error) => {
      const pair = shared();
      expect(sameError(await pair.query(statement(sql)))).toMatchObject(error);
      expect(sameError(await pair.execute(statement(sql)))).toMatchObject(error);
      expect(sameError(await pair.both((adapter) => inTransaction(adapter, sql)))).toMatchObject(error);
      expect(await rowsOfParent()).toMatchObject({ rows: [['p']] });
    },
  );

  test.each<IsolationLevel>(['READ UNCOMMITTED', 'READ COMMITTED', 'REPEATABLE READ', 'SNAPSHOT'])(
    'our Prisma adapter reports the same error as the official one for the isolation level %s',
    async (level) => {
      const outcomes = await shared().both((adapter) => adapter.startTransaction(level));
      expect(sameError(outcomes)).toEqual({ kind: 'InvalidIsolationLevel', level });
    },
  );
});

/** Runs a statement inside a transaction, which is rolled back afterwards. */
async function inTransaction(adapter: SqlDriverAdapter, sql: string): Promise<unknown> {
  const transaction = await adapter.startTransaction();
  try {
    return await transaction.queryRaw(statement(sql));
  } finally {
    // Prisma sends the statement itself when `usePhantomQuery` is false.
    if (!transaction.options.usePhantomQuery) await transaction.executeRaw(statement('ROLLBACK'));
    await transaction.rollback();
  }
}

// The declared types of section 3.1.1 of SQLite's "Datatypes", those of Prisma, and unknown ones.
const declarations = [
  ...['INT', 'INTEGER', 'TINYINT', 'SMALLINT', 'MEDIUMINT', 'BIGINT', 'UNSIGNED BIG INT', 'INT2', 'INT8', 'SERIAL'],
  ...['TEXT', 'CLOB', 'CHARACTER', 'VARCHAR', 'VARYING CHARACTER', 'NCHAR', 'NATIVE CHARACTER', 'NVARCHAR'],
  ...['VARCHAR(255)', 'CHARACTER(20)', 'text', 'Integer', 'bigint', 'STRING', 'ENUM', 'UUID', ''],
  ...['REAL', 'DOUBLE', 'DOUBLE PRECISION', 'FLOAT', 'NUMERIC', 'DECIMAL', 'DECIMAL(10,5)', 'BOOLEAN', 'BLOB'],
  ...['DATE', 'TIME', 'DATETIME', 'TIMESTAMP', 'datetime', 'JSON', 'JSONB'],
];

/** Values as SQL literals: NULL, integers, reals and texts. */
const values = [
  ...['NULL', '0', '1', '-17', '9007199254740991', '9007199254740993', '9223372036854775807', '-9223372036854775808'],
  ...['0.1', '1.5e300', '-2.75', "'text'", "''", "'äß漢字🙂'", "'123'", "'2026-11-23T12:34:56.789Z'"],
  '\'{"a":[1,null]}\'',
];

const columns = declarations.map((declaration, index) => `c${index} ${declaration}`);
const rowOf = (value: string): string => `(${columns.map(() => value).join(', ')})`;

describe('the result of a query through our Prisma adapter', () => {
  const shared = shareAdapterPair(`
    CREATE TABLE every (${columns.join(', ')}); INSERT INTO every VALUES ${values.map(rowOf).join(', ')};
    CREATE TABLE sevens (${columns.join(', ')}); INSERT INTO sevens VALUES ${rowOf('7')};
    CREATE TABLE blobs (b BLOB); INSERT INTO blobs VALUES (x''), (x'00ff10'), (NULL);
    CREATE TABLE late (a, b, c, d); INSERT INTO late VALUES (NULL, NULL, NULL, NULL), (1, 'x', 1.5, NULL);
    CREATE TABLE bad_time (a DATETIME); INSERT INTO bad_time VALUES (8640000000000001)`);
  const query = (sql: string) => shared().query(statement(sql));

  test.each(values)(
    'our Prisma adapter returns the same result as the official one for %s in columns of every declared type',
    async (value) => {
      // Both adapters refuse a number that is not a time in a column of times.
      const isTime = !(Math.abs(Number(value)) > 8.64e15);
      const selected = declarations.flatMap((declaration, index) =>
        isTime || !/^(datetime|timestamp)$/i.test(declaration) ? [`c${index}`] : [],
      );
      const select = `SELECT ${selected.join(', ')} FROM every WHERE rowid = ${values.indexOf(value) + 1}`;
      expect(sameResult(await query(select))).toMatchObject({ rows: [expect.anything()] });
    },
  );

  test.each([
    "SELECT 1, 'a', 0.5, NULL, 9007199254740993",
    'SELECT count(*), sum(c0), max(c10), avg(c0) FROM sevens',
    'SELECT c0, c0, c0 AS "a b", c0 + 1, upper(c10) FROM sevens',
    'SELECT 1 AS x UNION ALL SELECT 2.5 UNION ALL SELECT NULL',
    'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT i FROM n',
    'PRAGMA table_info(every)',
    'EXPLAIN QUERY PLAN SELECT * FROM every',
    'VALUES (1, 2), (3, 4)',
    'SELECT * FROM every WHERE 0',
  ])('our Prisma adapter returns the same result as the official one for the query %s', async (sql) => {
    expect(sameResult(await query(sql))).toMatchObject({ rows: expect.any(Array) as unknown });
  });

  test('our Prisma adapter returns the same times, blobs and columns with leading NULLs as the official one', async () => {
    const times = [0, 1, -1, 1_795_437_296_789, -62_135_596_800_000, 253_402_300_799_999];
    const pair = await openAdapterPair(
      `CREATE TABLE t (a DATETIME, b TIMESTAMP); INSERT INTO t VALUES ${times.map((time) => `(${time}, ${time})`).join()}`,
    );
    const iso = times.map((time) => [new Date(time).toISOString(), new Date(time).toISOString()]);
    expect(sameResult(await pair.query(statement('SELECT * FROM t')))).toMatchObject({ rows: iso });
    expect(sameResult(await query('SELECT b FROM blobs'))).toMatchObject({
      columnTypes: [ColumnTypeEnum.Bytes],
      rows: [[Buffer.alloc(0)], [Buffer.from([0, 255, 16])], [null]],
    });
    const { Int64, Text, UnknownNumber, Int32 } = ColumnTypeEnum;
    const columnTypes = [Int64, Text, UnknownNumber, Int32];
    expect(sameResult(await query('SELECT * FROM late'))).toMatchObject({ columnTypes });
  });

  test('both Prisma adapters report the same error when a column of times contains an invalid number', async () => {
    expect(sameError(await query('SELECT a FROM bad_time'))).toBe('RangeError: Invalid time value');
  });

  test('our Prisma adapter returns a blob without a declared type, with which the official one fails', async () => {
    const { ours, official } = await query("SELECT x'0102' AS b");
    expect(official).toEqual({ error: expect.stringMatching(/^UnexpectedTypeError: /) as unknown });
    const rows = [[Buffer.from([1, 2])]];
    expect(ours).toMatchObject({ result: { columnNames: ['b'], columnTypes: [ColumnTypeEnum.Bytes], rows } });
  });
});

describe('a statement through our Prisma adapter', () => {
  const table =
    "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE, at DATETIME DEFAULT 5); INSERT INTO t (name) VALUES ('a'), ('b')";
  const select = statement('SELECT * FROM t ORDER BY id');

  test.each([
    ["INSERT INTO t (name) VALUES ('c'), ('d'), ('e')", 3],
    ["INSERT INTO t (name) VALUES ('a') ON CONFLICT DO NOTHING", 0],
    ["INSERT INTO t (name) VALUES ('a') ON CONFLICT (name) DO UPDATE SET at = 1", 1],
    ['UPDATE t SET at = 6', 2],
    ["UPDATE t SET at = 6 WHERE name = 'nobody'", 0],
    ['DELETE FROM t', 2],
    ['CREATE TABLE other (id)', 0],
    ['DROP TABLE t', 0],
  ])(
    'a statement has the same effect through our Prisma adapter and the official one: %s changes %i rows',
    async (sql, changes) => {
      const pair = await openAdapterPair(table);
      expect(sameResult(await pair.execute(statement(sql)))).toBe(changes);
    },
  );

  test.each([
    ["INSERT INTO t (name) VALUES ('c'), ('d') RETURNING *", 2],
    ["INSERT INTO t (name) VALUES ('c') RETURNING id AS key, at, 1.5", 1],
    ["UPDATE t SET at = 6 WHERE name = 'a' RETURNING at", 1],
    ["DELETE FROM t WHERE name = 'a' RETURNING name", 1],
    ["UPDATE t SET at = 6 WHERE name = 'nobody' RETURNING at", 0],
    ["INSERT INTO t (name) VALUES ('c')", 0],
  ])(
    'a query that writes has the same effect through both Prisma adapters: %s returns %i rows and is committed',
    async (sql, rowCount) => {
      const pair = await openAdapterPair(table);
      const result = sameResult(await pair.query(statement(sql))) as { rows: unknown[] };
      expect(result.rows).toHaveLength(rowCount);
      sameResult(await pair.query(select));
    },
  );

  test.each([
    ['ALTER TABLE t ADD COLUMN extra TEXT DEFAULT 7', 4, 2],
    ['ALTER TABLE t RENAME COLUMN name TO title', 3, 2],
    ["DROP TABLE t; CREATE TABLE t (id REAL, only BLOB); INSERT INTO t VALUES (1, x'00')", 2, 1],
  ])(
    'a prepared statement returns the same columns through both Prisma adapters after a schema change: %s',
    async (script, columnCount, rowCount) => {
      const pair = await openAdapterPair(table);
      sameResult(await pair.query(select));
      for (const sql of script.split('; ')) sameResult(await pair.execute(statement(sql)));
      const { columnNames, rows } = sameResult(await pair.query(select)) as Record<string, unknown[]>;
      expect([columnNames?.length, rows?.length]).toEqual([columnCount, rowCount]);
    },
  );
});

/** Arguments as Prisma sends them: numbers, texts for values that JSON has no type for, dates, bytes. */
const argumentsOfType: Readonly<Record<ArgScalarType, readonly unknown[]>> = {
  string: ['text', '', '🙂', '123', "it's", '%_', '2026-01-01'],
  int: [1, -1, 0, 2 ** 31, 2 ** 53 - 1, '42', '-7', '12abc'],
  bigint: [7, '9007199254740993', '-9223372036854775808', '9223372036854775807', 9007199254740993n, -1n],
  float: [1.5, -0.1, 1e300, '2.5', '1e21', 3],
  decimal: ['123.456', '-0.000001', 1.25, '100000000000000000000'],
  boolean: [true, false],
  enum: ['ACTIVE', ''],
  uuid: ['0198c6f0-7b1a-7c3e-8f00-000000000000'],
  json: ['{"a":1}', '[]', 'null'],
  datetime: [
    ...['2026-11-23T12:34:56.789Z', '2026-11-23T12:34:56.789+02:00', '1969-12-31T23:59:59.999Z', '9999-12-31'],
    ...[new Date(0), new Date(1_795_437_296_789), new Date(-1), 5],
  ],
  bytes: ['AAEC/w==', '', Buffer.from([1, 2, 3]), new Uint8Array([9])],
  unknown: ['text', 1, 1.5, true, null],
};

describe('an argument through our Prisma adapter', () => {
  const kinds = 'typeof(a), typeof(b), typeof(c), typeof(d), typeof(e), typeof(f), typeof(g), typeof(h)';
  const shared = shareAdapterPair(
    'CREATE TABLE t (a INTEGER, b BIGINT, c TEXT, d REAL, e DATETIME, f BLOB, g BOOLEAN, h)',
  );

  // `Object.keys` returns strings, but these keys are exactly the values of `ArgScalarType`.
  test.each(Object.keys(argumentsOfType) as ArgScalarType[])(
    'an argument of the type %s is stored in the same way through both Prisma adapters',
    async (scalarType) => {
      const pair = shared();
      const insert = 'INSERT INTO t SELECT v, v, v, v, v, v, v, v FROM (SELECT ? AS v)';
      for (const argument of [...argumentsOfType[scalarType], null]) {
        expect(sameResult(await pair.execute(statement(insert, [argument], scalarType)))).toBe(1);
      }
      sameResult(await pair.query(statement(`SELECT ${kinds}, hex(h), quote(h) FROM t`)));
      sameResult(await pair.query(statement('SELECT a, b, c, d, f, g FROM t')));
      sameResult(await pair.execute(statement('DELETE FROM t')));
    },
  );

  test('our Prisma adapter binds arguments at their positions and accepts at most maxBindValues arguments', async () => {
    const pair = shared();
    const three = statement('SELECT ?, ?, ?', ['a', 'b', 'c'], 'string');
    expect(sameResult(await pair.query(three))).toMatchObject({ rows: [['a', 'b', 'c']] });
    const count = pair.ours.getConnectionInfo?.().maxBindValues ?? 0;
    const select = (length: number) =>
      statement(
        `SELECT count(*) AS n FROM (VALUES ${Array.from({ length }, () => '(?)').join(', ')})`,
        Array.from({ length }, (_, index) => index),
        'int',
      );
    expect(sameResult(await pair.query(select(count)))).toMatchObject({ rows: [[32_766]] });
    expect((await pair.query(select(count + 1))).ours).toHaveProperty('error');
  });
});
