import { copyFileSync } from 'node:fs';
import { DatabaseService, isDatabaseError, type DatabaseErrorCode } from '../../../src';
import { readHistory } from '../../../src/engines/sqlite/migrations/history';
import { soundReport } from '../../support/sound-database';
import { createInitialDatabase } from '../../support/initial-schema';
import { migrationNames } from '../../support/migrations';
import { readSqlite } from '../../support/raw-reader';
import { withStorageFault } from './storage-faults';

const rows = `
  INSERT INTO certificates VALUES ('c', 'CN=a', 'CN=ca', 1, 2, 'pk', 'pem', 'AA:BB', 'VALID', 3);
  INSERT INTO agents VALUES ('a', 'Agent', 'pk', 'c', NULL, '1.0.0', NULL, 1, 2, 3, 'ACTIVE', 'owner');
  INSERT INTO agent_metadata VALUES ('a', 'greeting', 'hi');
  INSERT INTO security_events VALUES ('e', 5, 'OTHER', 'LOW', 's', 't', 'd', 0, NULL)`;

/** Returns the SQL of every object of the schema, and the rows of every table. */
function contents(path: string): unknown {
  return readSqlite(path, (driver) =>
    driver
      .prepare<[], { name: string; sql: string | null }>('SELECT name, sql FROM sqlite_schema ORDER BY name')
      .all()
      .map(({ name, sql }) => [
        sql,
        sql?.startsWith('CREATE TABLE') ? driver.prepare(`SELECT * FROM ${name} ORDER BY 1, 2`).all() : [],
      ]),
  );
}

const migrationsIn = (path: string): number => readSqlite(path, (driver) => readHistory(driver)?.length ?? 0);

test.each<[string, boolean, DatabaseErrorCode, number]>([
  ['SQLITE_BUSY', false, 'BUSY', 3],
  ['SQLITE_FULL', false, 'STORAGE_FULL', 2],
  ['SQLITE_FULL', true, 'STORAGE_FULL', 1],
  ['SQLITE_IOERR_WRITE', true, 'UNAVAILABLE', 3],
])(
  'a migration is applied completely or not at all when a statement fails with %s (SQLite rolls back: %s): initialize fails with %s',
  async (code, rollsBack, as, first) => {
    const source = createInitialDatabase(rows);
    const before = contents(source);
    let untouched = 0;
    let migrated = 0;
    // Only every third statement fails, because each start takes time.
    for (let at = first; ; at += 3) {
      const path = `${source}-${at}`;
      copyFileSync(source, path);
      await using db = new DatabaseService({ url: `file:${path}`, busyTimeoutMs: 0 });
      let outcome: unknown = 'opened';
      const note = (error: unknown): void => void (outcome = isDatabaseError(error) ? error.code : error);
      const sql = await withStorageFault(at, { code, rollsBack }, () => db.initialize().catch(note));
      if (sql === undefined) break;
      expect({ sql, outcome }).toEqual({ sql, outcome: as });
      // All migrations are one transaction; some work follows it.
      if (migrationsIn(path) === 0) {
        expect(contents(path)).toEqual(before);
        untouched += 1;
      } else migrated += 1;
      if (at % 4 !== 0) continue;
      await db.initialize();
      expect(migrationsIn(path)).toBe(migrationNames.length);
      expect(await db.getAgent('a')).toMatchObject({ id: 'a', metadata: { greeting: 'hi' } });
      expect(await db.querySecurityEvents()).toHaveLength(1);
      expect(await db.check()).toEqual(soundReport);
    }
    expect(untouched).toBeGreaterThan(6);
    expect(migrated).toBeGreaterThan(1);
  },
);
