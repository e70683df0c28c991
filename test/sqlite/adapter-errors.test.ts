import SqliteDriver from 'better-sqlite3';
import type { IsolationLevel, SqlDriverAdapter } from '@prisma/driver-adapter-utils';
import { afterTest } from '../support/test-database';
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

const failures: readonly (readonly [sql: string, error: object])[] = [
  [
    "INSERT INTO parent VALUES ('p', 'x', 'y', 1)",
    { kind: 'UniqueConstraintViolation', constraint: { fields: ['id'] }, table: 'parent' },
  ],
  [
    "INSERT INTO parent VALUES ('q', 'a', 'b', 1)",
    { kind: 'UniqueConstraintViolation', originalCode: 'SQLITE_CONSTRAINT_UNIQUE' },
  ],
  ["INSERT INTO parent VALUES ('q', 'x', 'B', 1)", { originalCode: 'SQLITE_CONSTRAINT_UNIQUE' }],
  [
    "INSERT INTO child VALUES (1, 'p')",
    { kind: 'UniqueConstraintViolation', originalCode: 'SQLITE_CONSTRAINT_PRIMARYKEY' },
  ],
  ["INSERT INTO parent VALUES ('q', NULL, 'y', 1)", { kind: 'NullConstraintViolation', constraint: { fields: ['a'] } }],
  ["INSERT INTO child VALUES (2, 'nobody')", { kind: 'ForeignKeyConstraintViolation' }],
  ["DELETE FROM parent WHERE id = 'p'", { kind: 'ForeignKeyConstraintViolation' }],
  ['DELETE FROM child', { kind: 'ForeignKeyConstraintViolation', originalCode: 'SQLITE_CONSTRAINT_TRIGGER' }],
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

describe('our Prisma adapter reports the same error as the official adapter', () => {
  const shared = shareAdapterPair(script);
  const rowsOfParent = async () => sameResult(await shared().query(statement('SELECT id FROM parent')));

  test.each(failures)('for %s, alone and inside a transaction', async (sql, error) => {
    const pair = shared();
    expect(sameError(await pair.query(statement(sql)))).toMatchObject(error);
    expect(sameError(await pair.execute(statement(sql)))).toMatchObject(error);
    expect(sameError(await pair.both((adapter) => inTransaction(adapter, sql)))).toMatchObject(error);
    expect(await rowsOfParent()).toMatchObject({ rows: [['p']] });
  });

  test.each<IsolationLevel>(['READ UNCOMMITTED', 'READ COMMITTED', 'REPEATABLE READ', 'SNAPSHOT'])(
    'for the isolation level %s, which SQLite does not have',
    async (level) => {
      const outcomes = await shared().both((adapter) => adapter.startTransaction(level));
      expect(sameError(outcomes)).toEqual({ kind: 'InvalidIsolationLevel', level });
    },
  );

  test('for a write that waits for the lock of another connection longer than the timeout', async () => {
    const pair = await openAdapterPair(script);
    lock(pair.paths.ours);
    lock(pair.paths.official);
    const insert = statement("INSERT INTO child VALUES (5, 'p')");
    expect(sameError(await pair.execute(insert))).toMatchObject({ kind: 'SocketTimeout', originalCode: 'SQLITE_BUSY' });
    expect(sameError(await pair.query(insert))).toMatchObject({ kind: 'SocketTimeout' });
    sameResult(await pair.query(statement('SELECT * FROM child')));
  });
});

test('a transaction of our Prisma adapter continues after a failed statement', async () => {
  const { ours } = await openAdapterPair(script);
  const transaction = await ours.startTransaction();
  await expect(transaction.queryRaw(statement('SELECT * FROM missing'))).rejects.toThrow();
  await transaction.executeRaw(statement("INSERT INTO parent VALUES ('later', 'later', 'later', 1)"));
  await transaction.commit();
  const { rows } = await ours.queryRaw(statement("SELECT id FROM parent WHERE id = 'later'"));
  expect(rows).toEqual([['later']]);
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

/** Holds the write lock of a database file until the end of the test. */
function lock(path: string): void {
  const driver = new SqliteDriver(path);
  driver.exec('BEGIN IMMEDIATE');
  afterTest(() => void driver.close());
}
