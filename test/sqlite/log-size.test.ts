import { statSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDriver from 'better-sqlite3';
import { createCertificate } from '../support/factories';
import { afterTest, openTestDatabase, temporaryDirectory } from '../support/test-database';

const mebibyte = 2 ** 20;

test('the write-ahead log shrinks to 8 MiB when no reader uses an old snapshot', async () => {
  const path = join(temporaryDirectory(), 'test.sqlite');
  const { db } = await openTestDatabase({ url: `file:${path}` });
  const logSize = (): number => statSync(`${path}-wal`).size;
  const oldReader = new SqliteDriver(path, { readonly: true });
  afterTest(() => void oldReader.close());
  oldReader.exec('BEGIN');
  oldReader.prepare('SELECT count(*) FROM agents').get();
  for (let count = 0; count < 20; count += 1) await createCertificate(db, { publicKey: 'x'.repeat(mebibyte) });
  expect(logSize()).toBeGreaterThan(20 * mebibyte);
  oldReader.exec('COMMIT');
  for (let count = 0; count < 3; count += 1) await createCertificate(db);
  expect(logSize()).toBeLessThanOrEqual(8 * mebibyte);
});
