import { statSync } from 'node:fs';
import { join } from 'node:path';
import { nextLine, startProcess } from '../support/child-process';
import { createCertificate } from '../support/factories';
import { rawValues } from '../support/raw-reader';
import { soundReport } from '../support/sound-database';
import SqliteDriver from '../support/sqlite-driver';
import { afterTest, openTestDatabase, type TestDatabase } from '../support/test-database';

test('the write-ahead log is kept within its limit while two services and a process with its own checkpoints write', async () => {
  const options = { maxWalBytes: 16 * 2 ** 20 };
  const first = await openTestDatabase(options);
  const second = await openTestDatabase({ ...options, url: first.options.url });
  const path = first.options.url.replace('file:', '');
  const child = startProcess(join(__dirname, 'committing-process.ts'), path);
  await nextLine(child);
  let largest = 0;
  const writeOn = async ({ db }: TestDatabase): Promise<void> => {
    for (let count = 0; count < 100; count += 1) {
      await createCertificate(db, { publicKey: 'x'.repeat(100_000) });
      largest = Math.max(largest, statSync(`${path}-wal`).size);
    }
  };
  await Promise.all([writeOn(first), writeOn(second)]);
  await child.kill();
  expect(largest).toBeLessThanOrEqual(options.maxWalBytes);
  await second.db.close();
  expect(await rawValues(first, 'certificates', 'id')).toHaveLength(200);
  expect(await first.db.check()).toEqual(soundReport);
  const commits = new SqliteDriver(path);
  afterTest(() => void commits.close());
  expect(commits.prepare('SELECT max(n) - count(*) FROM foreign_commits').pluck().get()).toBe(0);
});
