import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseServiceFactory } from '../../src';
import { nextLine, startProcess } from '../support/child-process';
import { expectError } from '../support/expect-error';
import { createAgent } from '../support/factories';
import { countAgents } from '../support/factory-instance';
import { describeOn } from '../support/skip';
import { openTestDatabase, temporaryDirectory } from '../support/test-database';

/** Returns the path of a new database, and options with a short wait for locks. */
function place() {
  const path = join(temporaryDirectory(), 'test.sqlite');
  return { path, options: { url: `file:${path}`, busyTimeoutMs: 50 } };
}

describeOn('sqlite', 'DatabaseServiceFactory.resetDatabase with other processes', () => {
  test('resetDatabase fails with BUSY while another process has the database open', async () => {
    const { options } = place();
    const { db } = await openTestDatabase({ url: options.url });
    await createAgent(db);
    await db.close();
    const child = startProcess(join(__dirname, '../faults/sqlite/guarded-process.ts'), options.url);
    expect(await nextLine(child)).toBe('open');
    await expectError('BUSY', () => DatabaseServiceFactory.resetDatabase(options));
    expect(await countAgents(options.url)).toBe(1);
    child.child.kill('SIGKILL');
    await child.ended;
    await DatabaseServiceFactory.resetDatabase(options);
    expect(await countAgents(options.url)).toBe(0);
  });

  test('resetDatabase removes a database and its -wal file after the process that had it open was killed', async () => {
    const { path, options } = place();
    const child = startProcess(join(__dirname, '../faults/sqlite/guarded-process.ts'), options.url);
    expect(await nextLine(child)).toBe('open');
    child.child.kill('SIGKILL');
    await child.ended;
    expect(existsSync(`${path}-wal`)).toBe(true);
    await DatabaseServiceFactory.resetDatabase(options);
    expect(['', '-wal', '-shm', '-journal'].filter((suffix) => existsSync(path + suffix))).toEqual([]);
  });
});
