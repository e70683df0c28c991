import SqliteDriver from 'better-sqlite3';
import type { IsolationLevel } from '@prisma/driver-adapter-utils';
import { afterTest } from '../support/test-database';
import { openAdapterPair, sameError, sameResult, statement } from './adapter-pair';

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

describe('A failure of our adapter is told as by the official one', () => {
  test.each(failures)('%s', async (sql, error) => {
    const pair = await openAdapterPair(script);
    expect(sameError(await pair.query(statement(sql)))).toMatchObject(error);
    expect(sameResult(await pair.query(statement('SELECT id FROM parent')))).toMatchObject({ rows: [['p']] });
  });

  test.each(failures)('%s, when it is executed', async (sql) => {
    const pair = await openAdapterPair(script);
    const { ours, official } = await pair.execute(statement(sql));
    expect(official).toHaveProperty('error');
    expect(ours).toEqual(official);
  });

  test.each(failures)('%s, inside a transaction, which goes on', async (sql) => {
    const pair = await openAdapterPair(script);
    const [ours, official] = [await pair.ours.startTransaction(), await pair.official.startTransaction()];
    const told = await Promise.all([ours, official].map((adapter) => causeOf(() => adapter.queryRaw(statement(sql)))));
    expect(told[1]).toBeDefined();
    expect(told[0]).toEqual(told[1]);
    await ours.executeRaw(statement("INSERT INTO parent VALUES ('later', 'later', 'later', 1)"));
    await ours.commit();
    const later = await pair.ours.queryRaw(statement("SELECT id FROM parent WHERE id = 'later'"));
    expect(later.rows).toEqual([['later']]);
    await official.executeRaw(statement('ROLLBACK'));
    await official.rollback();
  });

  test('a lock that another connection holds, when a write waited for it in vain', async () => {
    const pair = await openAdapterPair(script);
    lock(pair.paths.ours);
    lock(pair.paths.official);
    const insert = statement("INSERT INTO child VALUES (5, 'p')");
    expect(sameError(await pair.execute(insert))).toMatchObject({ kind: 'SocketTimeout', originalCode: 'SQLITE_BUSY' });
    expect(sameError(await pair.query(insert))).toMatchObject({ kind: 'SocketTimeout' });
    sameResult(await pair.query(statement('SELECT * FROM child')));
  });

  test('a failing statement of a script', async () => {
    const pair = await openAdapterPair(script);
    const broken = 'CREATE TABLE more (a); INSERT INTO missing VALUES (1)';
    const [ours, official] = await Promise.all(
      [pair.ours, pair.official].map((adapter) => causeOf(() => adapter.executeScript(broken))),
    );
    expect(official).toMatchObject({ kind: 'TableDoesNotExist' });
    expect(ours).toEqual(official);
  });

  test.each<IsolationLevel>(['READ UNCOMMITTED', 'READ COMMITTED', 'REPEATABLE READ', 'SNAPSHOT'])(
    'the isolation level %s, which SQLite has not',
    async (level) => {
      const pair = await openAdapterPair(script);
      const [ours, official] = await Promise.all(
        [pair.ours, pair.official].map((adapter) => causeOf(() => adapter.startTransaction(level))),
      );
      expect(official).toEqual({ kind: 'InvalidIsolationLevel', level });
      expect(ours).toEqual(official);
    },
  );
});

/** Takes the write lock of a database file, until the end of the test. */
function lock(path: string): void {
  const driver = new SqliteDriver(path);
  driver.exec('BEGIN IMMEDIATE');
  afterTest(() => void driver.close());
}

async function causeOf(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return (error as Error).cause;
  }
  return undefined;
}
