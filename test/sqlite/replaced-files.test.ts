import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService } from '../../src';
import { expectError } from '../support/expect-error';
import { certificateInput, createCertificate } from '../support/factories';
import { describeUnless } from '../support/skip';
import { afterTest, openTestDatabase, temporaryDirectory } from '../support/test-database';

/** Wait in milliseconds after which a read compares the files again: a comparison is valid for ten milliseconds. */
const comparisonMs = 15;

const pathOf = (url: string): string => url.replace('file:', '');

/** Opens a database and closes another one, whose file can take its place. */
async function openTwo() {
  const { db, options } = await openTestDatabase();
  await createCertificate(db, { id: 'first' });
  const other = await openTestDatabase();
  await createCertificate(other.db, { id: 'other' });
  await other.db.close();
  return { db, path: pathOf(options.url), otherPath: pathOf(other.options.url) };
}

describe('a call on a database whose file was replaced while it was open', () => {
  test.each<[string, (path: string, otherPath: string) => void]>([
    ['removed', (path) => rmSync(path)],
    ['renamed', (path) => renameSync(path, `${path}-renamed`)],
    ['replaced by another database', (path, otherPath) => renameSync(otherPath, path)],
    ['left without its -wal file', (path) => rmSync(`${path}-wal`)],
    ['left without its -shm file', (path) => rmSync(`${path}-shm`)],
  ])('a call fails with UNAVAILABLE when the file of its open database was %s', async (_, change) => {
    const { db, path, otherPath } = await openTwo();
    change(path, otherPath);
    await sleep(comparisonMs);
    for (const call of [() => db.getCertificate('first'), () => createCertificate(db, { id: 'lost' })]) {
      const error = await expectError('UNAVAILABLE', call);
      expect(error.retryable).toBe(false);
      expect(error.message).toContain('a database file was removed or replaced: call close() and initialize()');
    }
  });

  test('a transaction fails with UNAVAILABLE instead of committing when the database file is replaced meanwhile', async () => {
    const { db, path, otherPath } = await openTwo();
    await expectError('UNAVAILABLE', () =>
      db.transaction(async (tx) => {
        await tx.createCertificate(certificateInput({ id: 'lost' }));
        renameSync(otherPath, path);
      }),
    );
  });

  test('close() and initialize() open the file that replaced the database file', async () => {
    const { db, path, otherPath } = await openTwo();
    renameSync(otherPath, path);
    await db.close();
    await db.initialize();
    expect(await db.getCertificate('first')).toBeNull();
    expect(await db.getCertificate('other')).toMatchObject({ id: 'other' });
  });
});

describeUnless(existsSync('/proc/locks') ? undefined : 'the system has no /proc/locks', 'initialize()', () => {
  test('a call fails with UNAVAILABLE while the -wal file belongs to the replaced database, until that database is closed', async () => {
    const { db, path, otherPath } = await openTwo();
    renameSync(otherPath, path);
    const next = new DatabaseService({ url: `file:${path}` });
    afterTest(() => next.close());
    const error = await expectError('UNAVAILABLE', () => next.initialize());
    expect(error.message).toContain('the write-ahead log beside the file belongs to another database file');
    await db.close();
    await next.initialize();
    expect(await next.getCertificate('other')).toMatchObject({ id: 'other' });
  });

  test('initialize() reads the -wal file of a copied database that has no -shm file', async () => {
    const { path } = await openTwo();
    const copy = join(temporaryDirectory(), 'copy.sqlite');
    for (const suffix of ['', '-wal']) copyFileSync(path + suffix, copy + suffix);
    const { db } = await openTestDatabase({ url: `file:${copy}` });
    expect(await db.getCertificate('first')).toMatchObject({ id: 'first' });
  });
});
