import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseServiceFactory } from '../../src';
import { expectError } from '../support/expect-error';
import { certificateInput, createAgent } from '../support/factories';
import { openTestDatabase, temporaryDirectory } from '../support/test-database';

describe('Openings and closings that cross', () => {
  test('an opening asked for during a closing follows it, and the other way round', async () => {
    const { db } = await openTestDatabase();
    await createAgent(db, { id: 'a' });
    await Promise.all([db.close(), db.initialize()]);
    expect(await db.getAgent('a')).not.toBeNull();
    await Promise.all([db.close(), db.initialize(), db.close()]);
    await expectError('NOT_INITIALIZED', () => db.getAgent('a'));
    await Promise.all([db.initialize(), db.close(), db.initialize()]);
    expect(await db.getAgent('a')).not.toBeNull();
  });

  test('a transaction cannot wait for the opening that follows the closing that waits for it', async () => {
    const { db } = await openTestDatabase();
    const transaction = db.transaction(async () => {
      await sleep(20);
      await expectError('CONFLICT', () => db.initialize());
    });
    await Promise.all([transaction, db.close()]);
    await expectError('NOT_INITIALIZED', () => db.getAgent('a'));
  });
});

describe('DatabaseServiceFactory.resetDatabase beside other calls', () => {
  afterEach(() => DatabaseServiceFactory.resetDatabase());

  test('what getInstance gives meanwhile is a database that is still there', async () => {
    const path = join(temporaryDirectory(), 'factory.sqlite');
    const options = { url: `file:${path}` };
    const first = await DatabaseServiceFactory.getInstance(options);
    await first.createCertificate(certificateInput({ id: 'old' }));
    const [, second] = await Promise.all([
      DatabaseServiceFactory.resetDatabase(),
      DatabaseServiceFactory.getInstance(options),
    ]);
    await second.createCertificate(certificateInput({ id: 'new' }));
    expect(existsSync(path)).toBe(true);
    expect(await DatabaseServiceFactory.getInstance()).toBe(second);
    expect([await second.getCertificate('old'), (await second.getCertificate('new'))?.id]).toEqual([null, 'new']);
  });

  test('a file that proved to be no database is left alone', async () => {
    const path = join(temporaryDirectory(), 'notes.txt');
    writeFileSync(path, 'not a database at all, but a text of somebody who would miss it'.repeat(50));
    const start = DatabaseServiceFactory.getInstance({ url: `file:${path}` });
    const failed = expectError('CORRUPT', () => start);
    await DatabaseServiceFactory.resetDatabase();
    await failed;
    expect(existsSync(path)).toBe(true);
  });
});

test('file::memory: is a database in memory, and leaves no file of that name', async () => {
  const { db } = await openTestDatabase({ url: 'file::memory:' });
  await createAgent(db, { id: 'a' });
  expect(existsSync(':memory:')).toBe(false);
});
