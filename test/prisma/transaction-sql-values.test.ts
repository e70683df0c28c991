import { onPostgresql } from '../support/engine';
import { spoilDatabase } from '../support/postgresql-databases';
import { openTestDatabase } from '../support/test-database';

const time = new Date('2026-05-01T10:11:12.013Z');
const bytes = Buffer.from([0, 255, 7]);

/** Opens a database with a table of the application that has a column for each type of value. */
async function openWithTable() {
  const { db, options } = await openTestDatabase();
  if (onPostgresql) spoilDatabase(options.url);
  const columns = onPostgresql
    ? 'name TEXT, size REAL, total BIGINT, flag BOOLEAN, at TIMESTAMPTZ, data BYTEA, absent TEXT'
    : 'name TEXT, size REAL, total INTEGER, flag INTEGER, at INTEGER, data BLOB, absent TEXT';
  await db.transaction((tx) => tx.execute(`CREATE TABLE samples (${columns})`));
  return db;
}

describe('tx.query and tx.execute', () => {
  test('tx.query and tx.execute bind values of every type and return them with the types of the driver', async () => {
    const db = await openWithTable();
    const insert = 'INSERT INTO samples VALUES (?, ?, ?, ?, ?, ?, ?)';
    const rows = await db.transaction(async (tx) => {
      expect(await tx.execute(insert, 'true', 1.5, 5n, true, time, bytes, null)).toBe(1);
      expect(await tx.execute(insert, 'false', -2, -6n, false, time, bytes, null)).toBe(1);
      return tx.query('SELECT * FROM samples ORDER BY size DESC');
    });
    const common = { data: bytes, absent: null };
    expect(rows).toEqual(
      onPostgresql
        ? [
            { ...common, name: 'true', size: 1.5, total: '5', flag: true, at: time },
            { ...common, name: 'false', size: -2, total: '-6', flag: false, at: time },
          ]
        : [
            { ...common, name: 'true', size: 1.5, total: 5, flag: 1, at: time.getTime() },
            { ...common, name: 'false', size: -2, total: -6, flag: 0, at: time.getTime() },
          ],
    );
  });

  test('tx.query finds rows by a boolean and by a time', async () => {
    const db = await openWithTable();
    await db.transaction(async (tx) => {
      await tx.execute('INSERT INTO samples (name, flag, at) VALUES (?, ?, ?)', 'found', true, time);
      await tx.execute('INSERT INTO samples (name, flag, at) VALUES (?, ?, ?)', 'other', false, new Date(0));
      expect(await tx.query('SELECT name FROM samples WHERE flag = ? AND at = ?', true, time)).toEqual([
        { name: 'found' },
      ]);
    });
  });

  test('tx.execute counts the changed rows of a statement with RETURNING', async () => {
    const db = await openWithTable();
    await db.transaction(async (tx) => {
      const insert = 'INSERT INTO samples (name) VALUES (?), (?) RETURNING name';
      expect(await tx.execute(insert, 'a', 'b')).toBe(2);
      expect(await tx.query(insert, 'c', 'd')).toEqual([{ name: 'c' }, { name: 'd' }]);
      expect(await tx.execute('UPDATE samples SET flag = NULL WHERE name = ?', 'missing')).toBe(0);
    });
  });
});
