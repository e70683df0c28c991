import { join } from 'node:path';
import SqliteDriver from '../support/sqlite-driver';
import { adapterFactory } from '../../src/prisma/prisma-adapter';
import { sqliteBinding } from '../../src/prisma/sqlite-binding';
import { openBareSession } from './bare-session';
import { SqliteConnection } from '../../src/engines/sqlite/connection';
import { SqliteDatabase } from '../../src/engines/sqlite/database';
import type { DriverConnection } from '../../src/engines/sqlite/driver/driver';
import { loadSqliteDriver } from '../../src/engines/sqlite/driver/load-driver';
import { afterTest, temporaryDirectory } from '../support/test-database';
import { openDatabase, statement } from './adapter-pair';

const newPath = (): string => join(temporaryDirectory(), 'test.sqlite');
const pragma = ({ driver }: SqliteConnection, name: string): unknown => driver.pragma(name, { simple: true });

async function pragmas(database: SqliteDatabase, name: string): Promise<{ writer: unknown; reader: unknown }> {
  return {
    writer: await database.withWriter((connection) => pragma(connection, name)),
    reader: await database.withReader((connection) => pragma(connection, name)),
  };
}

describe('SqliteDatabase.open()', () => {
  test.each([
    ['normal', 1],
    ['full', 2],
  ] as const)(
    'SqliteDatabase.open() maps the durability %s to synchronous = %i, and sets journal_mode to WAL',
    async (durability, synchronous) => {
      const database = await SqliteDatabase.open({
        path: newPath(),
        driver: loadSqliteDriver(),
        busyTimeoutMs: 50,
        durability,
      });
      afterTest(() => database.close());
      expect((await pragmas(database, 'synchronous')).writer).toBe(synchronous);
      expect(await pragmas(database, 'journal_mode')).toEqual({ writer: 'wal', reader: 'wal' });
    },
  );

  test('SqliteDatabase.open() enables foreign_keys and sets busy_timeout to 0', async () => {
    const database = await openDatabase(newPath());
    expect(await pragmas(database, 'foreign_keys')).toEqual({ writer: 1, reader: 1 });
    expect(await pragmas(database, 'busy_timeout')).toEqual({ writer: 0, reader: 0 });
  });

  test('SqliteDatabase.open() opens a reader that cannot write, even after query_only is disabled', async () => {
    const database = await openDatabase(newPath());
    expect(await pragmas(database, 'query_only')).toEqual({ writer: 0, reader: 1 });
    const create = { sql: 'CREATE TABLE t (a)', args: [] };
    const write = () => database.withReader((connection) => connection.run(create));
    await expect(write()).rejects.toMatchObject({ code: 'SQLITE_READONLY' });
    await database.withReader(({ driver }) => driver.pragma('query_only = OFF'));
    await expect(write()).rejects.toMatchObject({ code: 'SQLITE_READONLY' });
  });

  test('SqliteDatabase.open() changes another journal mode to WAL and keeps the rows', async () => {
    const path = newPath();
    const driver = new SqliteDriver(path);
    driver.exec('CREATE TABLE security_events (a); INSERT INTO security_events VALUES (1)');
    expect(driver.pragma('journal_mode', { simple: true })).toBe('delete');
    driver.close();
    const database = await openDatabase(path);
    expect(await pragmas(database, 'journal_mode')).toEqual({ writer: 'wal', reader: 'wal' });
    const select = { sql: 'SELECT a FROM security_events', args: [] };
    const { rows } = await database.withReader((connection) => connection.run(select));
    expect(rows).toEqual([[1]]);
  });

  test('SqliteDatabase.open() waits at most busyTimeoutMs for a lock that prevents WAL mode', async () => {
    const path = newPath();
    const foreign = new SqliteDriver(path);
    afterTest(() => void foreign.close());
    foreign.exec('CREATE TABLE security_events (a); BEGIN EXCLUSIVE');
    await expect(openDatabase(path, 50)).rejects.toMatchObject({ code: 'SQLITE_BUSY' });
    setTimeout(() => foreign.exec('COMMIT'), 50);
    expect(await pragmas(await openDatabase(path, 5000), 'journal_mode')).toMatchObject({ writer: 'wal' });
  });
});

describe('a SQL statement on SQLite', () => {
  test('a SQL statement on SQLite is prepared once for each connection and text', async () => {
    const { session, database } = await openBareSession(newPath());
    const adapter = await adapterFactory(session, sqliteBinding('milliseconds')).connect();
    await adapter.executeRaw(statement('CREATE TABLE t (a)'));
    const prepared: string[] = [];
    await database.withWriter(({ driver }) => recordPrepared(driver, prepared));
    await database.withReader(({ driver }) => recordPrepared(driver, prepared));
    for (let round = 0; round < 20; round += 1) {
      await adapter.queryRaw(statement('SELECT a FROM t WHERE a = ?', [round], 'int'));
      await adapter.executeRaw(statement('INSERT INTO t VALUES (?)', [round], 'int'));
      await database.write((connection) => connection.run({ sql: 'DELETE FROM t WHERE a > ?', args: [100] }));
    }
    const counts = (sql: string): number => prepared.filter((text) => text === sql).length;
    expect(counts('SELECT a FROM t WHERE a = ?')).toBe(1);
    // The reader prepares it to find out whether it writes, and the writer to run it.
    expect(counts('INSERT INTO t VALUES (?)')).toBe(2);
    expect(counts('DELETE FROM t WHERE a > ?')).toBe(1);
    expect(counts('BEGIN IMMEDIATE')).toBe(1);
  });

  test('a frequently used prepared statement is evicted only when other statements are used more often', async () => {
    const settings = { path: newPath(), driver: loadSqliteDriver(), busyTimeoutMs: 0, durability: 'normal' } as const;
    const connection = await SqliteConnection.openWriter(settings);
    afterTest(() => connection.close());
    const first = connection.prepareForPrisma('SELECT 0');
    for (let index = 1; index < 1000; index += 1) connection.prepareForPrisma(`SELECT ${String(index)}`);
    expect(connection.prepareForPrisma('SELECT 0')).toBe(first);
    for (let round = 0; round < 100; round += 1) {
      for (let index = 0; index < 256; index += 1) connection.prepareForPrisma(`SELECT 'new', ${String(index)}`);
    }
    expect(connection.prepareForPrisma('SELECT 0')).not.toBe(first);
  });
});

/** Records the SQL that the driver prepares. */
function recordPrepared(driver: DriverConnection, prepared: string[]): void {
  const prepare = driver.prepare.bind(driver);
  driver.prepare = <Row>(sql: string) => {
    prepared.push(sql);
    return prepare<Row>(sql);
  };
}
