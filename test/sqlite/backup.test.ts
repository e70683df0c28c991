import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { BackupProgress } from '../../src';
import { expectError } from '../support/expect-error';
import { allRawRows } from '../support/raw-reader';
import { fill, soundReport } from '../support/sound-database';
import { openTestDatabase } from '../support/test-database';
import { backupPath, openCopy, openForBackup } from './backups';

describe('db.backup()', () => {
  test.each(['a file', ':memory:'])('backup writes one undamaged file with every row of %s', async (kind) => {
    const database = await openTestDatabase(kind === ':memory:' ? { url: ':memory:' } : {});
    await fill(database);
    const path = backupPath();
    await database.db.backup(path);
    expect(readdirSync(dirname(path))).toEqual(['backup.sqlite']);
    // The file format version of a rollback journal, so that the copy can be opened in a read-only directory.
    expect(readFileSync(path).subarray(18, 20)).toEqual(Buffer.from([1, 1]));
    const copy = await openCopy(path);
    expect(await copy.check()).toEqual(soundReport);
    expect(await copy.getAgent('whole')).toEqual(await database.db.getAgent('whole'));
    if (kind === ':memory:') return;
    expect(await allRawRows({ options: { url: `file:${path}` } })).toEqual(await allRawRows(database));
  });

  test('backup gives the copy the same file permissions as the database', async () => {
    const { db, options } = await openTestDatabase();
    chmodSync(options.url.replace('file:', ''), 0o600);
    const path = backupPath();
    await db.backup(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('backup reports its progress from 0 bytes to the size of the file', async () => {
    const { db } = await openTestDatabase();
    await fill({ db });
    const path = backupPath();
    const progress: BackupProgress[] = [];
    await db.backup(path, { onProgress: (news) => progress.push(news) });
    const { size } = statSync(path);
    expect(progress.at(0)).toEqual({ copiedBytes: 0, totalBytes: size });
    expect(progress.at(-1)).toEqual({ copiedBytes: size, totalBytes: size });
  });
});

describe('db.backup() that fails and creates no file', () => {
  test.each<[string, (path: string) => void]>([
    ['a file', (path) => writeFileSync(path, 'mine')],
    ['a directory', (path) => mkdirSync(path)],
    ['a link to a missing file', (path) => symlinkSync('/nowhere/at/all', path)],
  ])('backup fails with ALREADY_EXISTS when %s is at the path', async (kind, create) => {
    const { db, directory, path } = await openForBackup();
    create(path);
    const error = await expectError('ALREADY_EXISTS', () => db.backup(path));
    expect(error).toMatchObject({ operation: 'backup', field: 'path', retryable: false });
    expect(error.message).not.toContain(directory);
    expect(readdirSync(directory)).toEqual(['b.sqlite']);
    if (kind === 'a file') expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  test.each(['-wal', '-shm', '-journal'])(
    'backup fails with ALREADY_EXISTS when a %s file of another database is at the path',
    async (suffix) => {
      const { db, directory, path } = await openForBackup();
      writeFileSync(path + suffix, '');
      await expectError('ALREADY_EXISTS', () => db.backup(path));
      expect(readdirSync(directory)).toEqual([`b.sqlite${suffix}`]);
    },
  );

  test('backup fails with UNAVAILABLE when the folder does not exist', async () => {
    const { db, directory } = await openForBackup();
    const error = await expectError('UNAVAILABLE', () => db.backup(join(directory, 'missing', 'b.sqlite')));
    expect(error.message).toBe('Failed to back up database: the directory of the backup does not exist');
    writeFileSync(join(directory, 'file'), '');
    await expectError('UNAVAILABLE', () => db.backup(join(directory, 'file', 'b.sqlite')));
    expect(readdirSync(directory)).toEqual(['file']);
  });

  test.each<[string, unknown, unknown]>([
    ['an empty path', '', undefined],
    ['no path', undefined, undefined],
    ['a number as the path', 5, undefined],
    ['a NUL in the path', 'a\0b', undefined],
    ['a URL as the path', 'file:./b.sqlite', undefined],
    ['a space at the end of the path', '/nowhere/b.sqlite ', undefined],
    ['a file name of 300 characters', join(tmpdir(), 'x'.repeat(300)), undefined],
    ['an unknown option', '/nowhere/b.sqlite', { progress: () => undefined }],
    ['a number as onProgress', '/nowhere/b.sqlite', { onProgress: 1 }],
    ['null as the options', '/nowhere/b.sqlite', null],
  ])('backup fails with INVALID_INPUT for %s', async (_, path, options) => {
    const { db } = await openForBackup();
    await expectError('INVALID_INPUT', () => db.backup(path as string, options as object));
  });
});
