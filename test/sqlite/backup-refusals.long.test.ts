import { chmodSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { driverErrorOf } from '../../src';
import { fill, soundReport } from '../support/sound-database';
import { expectError } from '../support/expect-error';
import { changeRawUnchecked } from '../support/raw-writer';
import { describeUnless } from '../support/skip';
import { openSmallDisk, whyNoSmallDisk } from '../support/small-disk';
import { openTestDatabase, temporaryDirectory } from '../support/test-database';
import { whileReadOnly } from '../support/unprivileged';
import { fillLarge } from './backups';

async function open() {
  const database = await openTestDatabase();
  const directory = temporaryDirectory();
  return { ...database, directory, path: join(directory, 'b.sqlite') };
}

describe('db.backup() leaves no file behind and fails with', () => {
  test('ALREADY_EXISTS when the path is that of the database', async () => {
    const { db, options } = await open();
    await expectError('ALREADY_EXISTS', () => db.backup(options.url.replace('file:', '')));
    expect(await db.check()).toEqual(soundReport);
  });

  test('ALREADY_EXISTS for all but one of several backups to the same path', async () => {
    const { db, directory, path } = await open();
    await fill({ db });
    const backups = await Promise.allSettled([1, 2, 3].map(() => db.backup(path)));
    const failed = backups.flatMap((backup) => (backup.status === 'rejected' ? [backup.reason as unknown] : []));
    expect(failed).toMatchObject([{ code: 'ALREADY_EXISTS' }, { code: 'ALREADY_EXISTS' }]);
    expect(readdirSync(directory)).toEqual(['b.sqlite']);
    expect(await (await openTestDatabase({ url: `file:${path}` })).db.check()).toEqual(soundReport);
  });

  test('READ_ONLY when the folder is read-only', async () => {
    const { db, directory, path, options } = await open();
    // The database itself stays readable: it is compared with its path.
    chmodSync(dirname(options.url.replace('file:', '')), 0o755);
    await whileReadOnly([directory], () => expectError('READ_ONLY', () => db.backup(path)));
    expect(readdirSync(directory)).toEqual([]);
  });

  test('CORRUPT when the database is damaged', async () => {
    const database = await open();
    await fill(database);
    await changeRawUnchecked(database, "UPDATE agents SET certificate_id = 'nobody'");
    await expectError('CORRUPT', () => database.db.backup(database.path));
    expect(readdirSync(database.directory)).toEqual([]);
  });

  test('INVALID_INPUT when onProgress throws, and succeeds the next time', async () => {
    const { db, directory, path } = await open();
    await fillLarge({ db }, 12);
    const reason = new Error('enough');
    let calls = 0;
    const onProgress = (): void => {
      calls += 1;
      if (calls === 2) throw reason;
    };
    const error = await expectError('INVALID_INPUT', () => db.backup(path, { onProgress }));
    expect([error.field, driverErrorOf(error), calls]).toEqual(['options.onProgress', reason, 2]);
    expect(readdirSync(directory)).toEqual([]);
    await db.backup(path);
  });

  describeUnless(whyNoSmallDisk(), 'STORAGE_FULL', () => {
    test.each([1, 8])('when a disk of %i MiB is full', async (megabytes) => {
      const { db } = await open();
      await fillLarge({ db }, 12);
      const { path } = openSmallDisk(megabytes);
      const error = await expectError('STORAGE_FULL', () => db.backup(join(path, 'b.sqlite')));
      expect(error.message).toBe('Failed to back up database: the storage of the backup is full');
      expect(readdirSync(path)).toEqual([]);
      expect(await db.check()).toEqual(soundReport);
    });
  });
});
