import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDriver, { type Database } from 'better-sqlite3';
import { DatabaseService } from '../../src';
import { expectError } from '../support/expect-error';
import { afterTest, temporaryDirectory } from '../support/test-database';

/** Creates a database in UTF-16 with tables of this package's names. */
function createUtf16(path: string, encoding: string): Database {
  const driver = new SqliteDriver(path);
  afterTest(() => void driver.close());
  driver.exec(`PRAGMA encoding = '${encoding}'; CREATE TABLE agents (id TEXT); CREATE TABLE security_events (id TEXT)`);
  driver.exec("INSERT INTO agents VALUES ('kept')");
  return driver;
}

function bytesIn(directory: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(directory)
      .filter((name) => !name.endsWith('-shm'))
      .map((name) => [name, readFileSync(join(directory, name)).toString('base64')]),
  );
}

describe('a SQLite file that stores text as UTF-16', () => {
  test.each(['UTF-16le', 'UTF-16be'])(
    'is refused and not modified when it is opened, with the encoding %s',
    async (encoding) => {
      const directory = temporaryDirectory();
      const path = join(directory, 'test.sqlite');
      createUtf16(path, encoding).close();
      const before = bytesIn(directory);
      for (const migrations of ['apply', 'verify', 'skip'] as const) {
        const db = new DatabaseService({ url: `file:${path}`, migrations });
        const error = await expectError('UNAVAILABLE', () => db.initialize());
        expect(error.message).toContain('UTF-16');
        expect(error.retryable).toBe(false);
      }
      expect(bytesIn(directory)).toEqual(before);
      expect(existsSync(`${path}-wal`)).toBe(false);
    },
  );

  test('is not modified when its log holds changes', async () => {
    const original = join(temporaryDirectory(), 'original.sqlite');
    const driver = createUtf16(original, 'UTF-16');
    driver.pragma('journal_mode = WAL');
    driver.exec("INSERT INTO agents VALUES ('in the log')");
    // No other connection has the copy open, so that the connection that closes it is the last one.
    const directory = temporaryDirectory();
    for (const suffix of ['', '-wal']) copyFileSync(original + suffix, join(directory, `test.sqlite${suffix}`));
    const before = bytesIn(directory);
    const db = new DatabaseService({ url: `file:${join(directory, 'test.sqlite')}` });
    await expectError('UNAVAILABLE', () => db.initialize());
    expect(bytesIn(directory)).toEqual(before);
  });
});
