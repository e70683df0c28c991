import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { driverErrorOf } from '../../src';
import { fill, soundReport } from '../support/sound-database';
import { expectError } from '../support/expect-error';
import { openSqlite } from '../support/raw-writer';
import { describeUnless } from '../support/skip';
import { openSmallDisk, whyNoSmallDisk } from '../support/small-disk';
import { openTestDatabase, temporaryDirectory } from '../support/test-database';
import { whileReadOnly } from '../support/unprivileged';
import { fillLarge, openBackup } from './backups';

describe('A backup is refused, and leaves nothing behind,', () => {
  test.each(['a file', 'a directory', 'a link to nothing'])('where %s is at its path', async (kind) => {
    const { db } = await openTestDatabase();
    const directory = temporaryDirectory();
    const path = join(directory, 'taken');
    if (kind === 'a file') writeFileSync(path, 'mine');
    else if (kind === 'a directory') mkdirSync(path);
    else symlinkSync('/nowhere/at/all', path);
    const error = await expectError('ALREADY_EXISTS', () => db.backup(path));
    expect(error).toMatchObject({ operation: 'backup', field: 'path', retryable: false });
    expect(error.message).not.toContain(directory);
    expect(readdirSync(directory)).toEqual(['taken']);
    if (kind === 'a file') expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  test('where it is the database itself', async () => {
    const { db, options } = await openTestDatabase();
    await expectError('ALREADY_EXISTS', () => db.backup(options.url.replace('file:', '')));
    expect(await db.check()).toEqual(soundReport);
  });

  test.each(['-wal', '-shm', '-journal'])('where another database has left its %s file', async (suffix) => {
    const { db } = await openTestDatabase();
    const directory = temporaryDirectory();
    writeFileSync(join(directory, `b.sqlite${suffix}`), '');
    await expectError('ALREADY_EXISTS', () => db.backup(join(directory, 'b.sqlite')));
    expect(readdirSync(directory)).toEqual([`b.sqlite${suffix}`]);
  });

  test('but for one, of several that have the same path', async () => {
    const database = await openTestDatabase();
    await fill(database);
    const directory = temporaryDirectory();
    const path = join(directory, 'b.sqlite');
    const backups = await Promise.allSettled([1, 2, 3].map(() => database.db.backup(path)));
    expect(backups.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const backup of backups) {
      if (backup.status === 'rejected') expect(backup.reason).toMatchObject({ code: 'ALREADY_EXISTS' });
    }
    expect(readdirSync(directory)).toEqual(['b.sqlite']);
    const copy = await openBackup(path);
    expect(await copy.check()).toEqual(soundReport);
  });

  test('where its folder does not exist', async () => {
    const { db } = await openTestDatabase();
    const directory = temporaryDirectory();
    const error = await expectError('UNAVAILABLE', () => db.backup(join(directory, 'missing', 'b.sqlite')));
    expect(error.message).toBe('Failed to back up database: the directory of the backup does not exist');
    writeFileSync(join(directory, 'file'), '');
    await expectError('UNAVAILABLE', () => db.backup(join(directory, 'file', 'b.sqlite')));
    expect(readdirSync(directory)).toEqual(['file']);
  });

  test('where nobody may write', async () => {
    const database = await openTestDatabase();
    const directory = temporaryDirectory();
    await whileReadOnly([directory], async () => {
      await expectError('READ_ONLY', () => database.db.backup(join(directory, 'b.sqlite')));
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  test('where the database is damaged', async () => {
    const database = await openTestDatabase();
    await fill(database);
    const driver = openSqlite(database.options.url);
    driver.pragma('foreign_keys = OFF');
    driver.exec("UPDATE agents SET certificate_id = 'nobody'");
    driver.close();
    const directory = temporaryDirectory();
    await expectError('CORRUPT', () => database.db.backup(join(directory, 'b.sqlite')));
    expect(readdirSync(directory)).toEqual([]);
  });

  test('where who is told of its progress throws', async () => {
    const database = await openTestDatabase();
    await fillLarge(database, 12);
    const directory = temporaryDirectory();
    const reason = new Error('enough');
    let calls = 0;
    const onProgress = (): void => {
      calls += 1;
      if (calls === 2) throw reason;
    };
    const error = await expectError('INVALID_INPUT', () =>
      database.db.backup(join(directory, 'b.sqlite'), { onProgress }),
    );
    expect([error.field, driverErrorOf(error)]).toEqual(['options.onProgress', reason]);
    expect(calls).toBe(2);
    expect(readdirSync(directory)).toEqual([]);
    await database.db.backup(join(directory, 'b.sqlite'));
  });

  test.each<[string, unknown, unknown]>([
    ['an empty path', '', undefined],
    ['no path', undefined, undefined],
    ['a path that is no text', 5, undefined],
    ['NUL in it', 'a\0b', undefined],
    ['a URL', 'file:./b.sqlite', undefined],
    ['a space at its end', '/nowhere/b.sqlite ', undefined],
    ['an unknown option', '/nowhere/b.sqlite', { progress: () => undefined }],
    ['a hook that is no function', '/nowhere/b.sqlite', { onProgress: 1 }],
    ['options that are no object', '/nowhere/b.sqlite', null],
  ])('for %s', async (_, path, options) => {
    const { db } = await openTestDatabase();
    await expectError('INVALID_INPUT', () => db.backup(path as string, options as object));
  });

  test('for a name that is too long', async () => {
    const { db } = await openTestDatabase();
    const directory = temporaryDirectory();
    await expectError('INVALID_INPUT', () => db.backup(join(directory, 'x'.repeat(300))));
    expect(readdirSync(directory)).toEqual([]);
  });

  describeUnless(whyNoSmallDisk(), 'on a disk', () => {
    test.each([1, 8])('of %im that is full', async (megabytes) => {
      const database = await openTestDatabase();
      await fillLarge(database, 12);
      const { path } = openSmallDisk(megabytes);
      const error = await expectError('STORAGE_FULL', () => database.db.backup(join(path, 'b.sqlite')));
      expect(error.message).toBe('Failed to back up database: the storage of the backup is full');
      expect(readdirSync(path)).toEqual([]);
      expect(await database.db.check()).toEqual(soundReport);
    });
  });
});
