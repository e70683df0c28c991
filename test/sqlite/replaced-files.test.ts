import { renameSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expectError } from '../support/expect-error';
import { certificateInput, createCertificate } from '../support/factories';
import { openTestDatabase } from '../support/test-database';

/** The files are not compared again within ten milliseconds. */
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
    ['left without its log', (path) => rmSync(`${path}-wal`)],
    ['left without the index of its log', (path) => rmSync(`${path}-shm`)],
  ])('fails with UNAVAILABLE when the file was %s', async (_, change) => {
    const { db, path, otherPath } = await openTwo();
    change(path, otherPath);
    await sleep(comparisonMs);
    for (const call of [() => db.getCertificate('first'), () => createCertificate(db, { id: 'lost' })]) {
      const error = await expectError('UNAVAILABLE', call);
      expect(error.retryable).toBe(false);
      expect(error.message).toContain('a database file was removed or replaced: call close() and initialize()');
    }
  });

  test('fails with UNAVAILABLE instead of committing when the file is replaced during a transaction', async () => {
    const { db, path, otherPath } = await openTwo();
    await expectError('UNAVAILABLE', () =>
      db.transaction(async (tx) => {
        await tx.createCertificate(certificateInput({ id: 'lost' }));
        renameSync(otherPath, path);
      }),
    );
  });

  test('reads the file that took its place after close() and initialize()', async () => {
    const { db, path, otherPath } = await openTwo();
    renameSync(otherPath, path);
    await db.close();
    await db.initialize();
    expect(await db.getCertificate('first')).toBeNull();
    expect(await db.getCertificate('other')).toMatchObject({ id: 'other' });
  });
});
