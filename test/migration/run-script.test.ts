import SqliteDriver, { type Database } from '../support/sqlite-driver';
import { runScript } from '../../scripts/schema-engine/run-script';
import { readStatements } from '../../scripts/schema-engine/sql-statements';

describe('readStatements', () => {
  const count = (script: string) => readStatements(script).length;

  test('readStatements splits at semicolons, except in texts, names and comments', () => {
    expect(count(`SELECT ';'; SELECT "a;b", [c;d], \`e;f\`; -- g;h\n/* i;j */ SELECT 'it''s;'`)).toBe(3);
    expect(count('; ; -- nothing;')).toBe(0);
  });

  test('readStatements returns CREATE TRIGGER as one statement, although its body contains semicolons', () => {
    const body = "UPDATE b SET c = CASE WHEN c = ';' THEN 1 ELSE 2 END; DELETE FROM d;";
    expect(count(`CREATE TRIGGER t AFTER INSERT ON a BEGIN ${body} END; SELECT 1;`)).toBe(2);
    expect(count(`create temp trigger if not exists t after insert on a begin ${body} end; select 1`)).toBe(2);
  });

  test('readStatements reads to the end of the script when a string literal or a comment is not closed', () => {
    expect(count("SELECT 'open; SELECT 2")).toBe(1);
    expect(count('SELECT 1 /* open; SELECT 2')).toBe(1);
  });
});

describe('runScript', () => {
  let database: Database;
  const tables = () => database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
  const foreignKeys = () => database.pragma('foreign_keys', { simple: true });

  beforeEach(() => {
    database = new SqliteDriver(':memory:');
    database.exec('CREATE TABLE parent (id INTEGER PRIMARY KEY)');
    database.exec('CREATE TABLE child (parent_id INTEGER REFERENCES parent (id) ON DELETE CASCADE)');
    database.exec('INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1)');
  });

  afterEach(() => database.close());

  test('runScript rolls back a script that fails', () => {
    expect(() => runScript(database, 'CREATE TABLE a (b); INSERT INTO missing VALUES (1);')).toThrow('no such table');
    expect(tables()).toEqual(['parent', 'child']);
    expect(database.inTransaction).toBe(false);
  });

  test('runScript runs a script that disables foreign keys, and enables them afterwards', () => {
    runScript(database, 'PRAGMA foreign_keys=OFF; DELETE FROM parent; PRAGMA foreign_keys=ON;');
    expect(database.prepare('SELECT * FROM child').all()).toHaveLength(1);
    expect(foreignKeys()).toBe(1);
  });

  test('runScript enables foreign keys after the failure of a script that disables them', () => {
    expect(() => runScript(database, 'PRAGMA foreign_keys = 0; SELECT * FROM missing;')).toThrow('no such table');
    expect(foreignKeys()).toBe(1);
  });

  test('runScript enforces foreign keys for other scripts', () => {
    runScript(database, 'DELETE FROM parent; SELECT 1;');
    expect(database.prepare('SELECT * FROM child').all()).toHaveLength(0);
  });

  test('runScript does not add a transaction to a script that begins transactions itself', () => {
    runScript(database, 'BEGIN; CREATE TABLE a (b); COMMIT; CREATE TABLE c (d);');
    expect(tables()).toContain('c');
    runScript(database, 'CREATE TABLE e (f); VACUUM;');
    expect(tables()).toContain('e');
  });

  test('runScript keeps the setting of a script that only sets foreign_keys', () => {
    runScript(database, 'PRAGMA foreign_keys=OFF;');
    expect(foreignKeys()).toBe(0);
  });
});
