import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { loadSqliteDriver } from '../../src/engines/sqlite/driver/load-driver';
import { MemoryDirectory } from '../../src/engines/sqlite/memory-directory';
import { nextLine, startProcess } from '../support/child-process';
import { createCertificate } from '../support/factories';
import { describeUnless } from '../support/skip';
import { afterTest, openTestDatabase, temporaryDirectory } from '../support/test-database';
import { directoriesOf, startWithMemory, whyNoMemoryDirectories } from './memory-directories';

/** Opens another database in memory, which removes directories that other processes left behind. */
async function openNext(): Promise<void> {
  const { db } = await openTestDatabase({ url: ':memory:' });
  await db.close();
}

describeUnless(whyNoMemoryDirectories, 'the directory of a database in memory', () => {
  test.each(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'the next initialize removes the directory of a database in memory whose process was killed by %s',
    async (signal) => {
      const { child, ended, directory } = await startWithMemory();
      child.kill(signal);
      await ended;
      expect(existsSync(directory)).toBe(true);
      await openNext();
      expect(existsSync(directory)).toBe(false);
    },
  );

  test('a process that exits without closing removes the directory of its database in memory', async () => {
    const { child, ended, directory } = await startWithMemory();
    child.stdin?.write('exit\n');
    await ended;
    expect(existsSync(directory)).toBe(false);
  });

  test('the directory of a database in memory is kept while another process has the database open', async () => {
    const { child, directory, lines } = await startWithMemory();
    await openNext();
    expect(existsSync(directory)).toBe(true);
    const answer = nextLine({ lines });
    child.stdin?.write('write kept\n');
    expect(await answer).toBe('kept');
  });

  test('the directory of a database in memory is kept while another service of this process has the database open', async () => {
    const { db } = await openTestDatabase({ url: ':memory:' });
    await openNext();
    expect(await createCertificate(db, { id: 'kept' })).toBe('kept');
    await openNext();
    expect(await db.getCertificate('kept')).toMatchObject({ id: 'kept' });
  });

  test('the directory of a database in memory is kept while its worker thread runs, and is removed afterwards', async () => {
    // A thread cannot load the TypeScript sources of the package, so it uses the driver in the same way.
    const code = `
      const Driver = require(${JSON.stringify(require.resolve('better-sqlite3'))});
      const path = require('node:fs').mkdtempSync('/dev/shm/ans-database-') + '/memory.sqlite';
      globalThis.driver = new Driver(path);
      driver.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (a)');
      setInterval(() => driver, 1000);
      require('node:worker_threads').parentPort.postMessage('open');`;
    const worker = new Worker(code, { eval: true });
    afterTest(() => void worker.terminate());
    await new Promise((done, failed) => worker.once('message', done).once('error', failed));
    const [directory = ''] = directoriesOf('self');
    await openNext();
    expect(existsSync(directory)).toBe(true);
    await worker.terminate();
    await openNext();
    expect(existsSync(directory)).toBe(false);
  });

  test('initialize keeps a new empty directory and removes a directory that has been empty for more than a minute', async () => {
    const [created, old] = [1, 2].map(() => mkdtempSync('/dev/shm/ans-database-'));
    afterTest(() => void [created, old].map((path) => rmSync(path ?? '', { recursive: true, force: true })));
    const twoMinutesAgo = Date.now() / 1000 - 120;
    utimesSync(old ?? '', twoMinutesAgo, twoMinutesAgo);
    await openNext();
    expect([created, old].map((path) => existsSync(path ?? ''))).toEqual([true, false]);
  });

  test('creating and removing the directory of a database in memory does not change directories with similar names', async () => {
    const parent = temporaryDirectory();
    const kept = ['ans-database-longest', 'ans-database-', 'other-abcdef', 'ans-database-abc-ef'];
    const paths = [...kept, 'ans-database-abcdef'].map((name) => join(parent, name));
    // Empty and old: only its name keeps a directory.
    for (const path of paths) {
      mkdirSync(path);
      utimesSync(path, 0, 0);
    }
    const memory = MemoryDirectory.create([parent]);
    await memory.removeLeftOver(loadSqliteDriver());
    memory.remove();
    expect(paths.map((path) => existsSync(path))).toEqual([true, true, true, true, false]);
  });

  test('a database in memory uses the temporary folder when /dev/shm is not writable', async () => {
    const parent = temporaryDirectory();
    const memory = MemoryDirectory.create(['/proc', parent]);
    expect(dirname(dirname(memory.databasePath))).toBe(parent);
    memory.remove();
    expect(() => MemoryDirectory.create(['/proc', join(parent, 'missing')])).toThrow(
      expect.objectContaining({ code: 'UNAVAILABLE' }) as Error,
    );
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = join(parent, 'missing');
    try {
      await openNext();
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    }
  });

  test("processes that open databases in memory at the same time do not remove each other's directories", async () => {
    const path = join(__dirname, 'memory-process.ts');
    const processes = [1, 2, 3].map(() => startProcess(path, '10'));
    const ends = await Promise.all(processes.map(nextLine));
    expect(ends).toEqual(['done', 'done', 'done']);
  });
});
