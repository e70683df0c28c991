import { rmSync } from 'node:fs';
import { expectError } from '../../support/expect-error';
import { soundReport } from '../../support/sound-database';
import { openTestDatabase } from '../../support/test-database';
import { expectKept, newPath, openInProcess, openWithLog } from './open-files';

test('a database without its -shm file can be opened again after every service has closed the database', async () => {
  const { db, path, options, write } = await openWithLog();
  const { db: second } = await openTestDatabase(options);
  rmSync(`${path}-shm`);
  await expectError('UNAVAILABLE', () => write('lost'));
  await db.close();
  // SQLite would share the second service's index, which no other process sees.
  await expectError('UNAVAILABLE', () => db.initialize());
  await second.close();
  await db.initialize();
  expect(await db.getAgent('kept')).toMatchObject({ id: 'kept' });
  expect(await db.check()).toEqual(soundReport);
});

describe('two -shm files', () => {
  /**
   * Opens the database in two processes. The second process opens it after the index is removed, and creates its own
   * index.
   */
  async function openTwice() {
    const path = newPath();
    const first = await openInProcess(path, 'a1');
    rmSync(`${path}-shm`);
    return { path, first, second: await openInProcess(path, 'c1', 'c2') };
  }

  test('two processes with different -shm files of a database lose no acknowledged write', async () => {
    const { first, second, path } = await openTwice();
    expect(await first.ask('write b1')).toBe('UNAVAILABLE');
    expect(await second.ask('write c3')).toBe('c3');
    expect(await first.ask('close')).toBe('closed');
    expect(await second.ask('write c4')).toBe('c4');
    expect(await second.ask('close')).toBe('closed');
    await expectKept(path, ['a1', 'c1', 'c2', 'c3', 'c4']);
  });

  test.each(['close', 'exit'])(
    'a database with two -shm files loses no acknowledged write when the first process ends by %s',
    async (end) => {
      const { first, second, path } = await openTwice();
      expect(await second.ask('close')).toBe('closed');
      const answer = first.ask(end);
      await (end === 'exit' ? first.ended : answer);
      await expectKept(path, ['a1', 'c1', 'c2']);
    },
  );

  test('an open transaction of a process with an old -shm file causes no loss of acknowledged writes', async () => {
    const path = newPath();
    const first = await openInProcess(path, 'a1');
    expect(await first.ask('hold b1')).toBe('held');
    rmSync(`${path}-shm`);
    const second = await openInProcess(path, 'c1');
    expect(await first.ask('commit')).toBe('UNAVAILABLE');
    expect(await second.ask('write c2')).toBe('c2');
    expect(await first.ask('close')).toBe('closed');
    expect(await second.ask('close')).toBe('closed');
    await expectKept(path, ['a1', 'c1', 'c2']);
  });

  test('a process with an old -shm file can use the database after closing and opening the database', async () => {
    const { first, second, path } = await openTwice();
    expect(await first.ask('write b1')).toBe('UNAVAILABLE');
    expect(await first.ask('close')).toBe('closed');
    expect(await first.ask('initialize')).toBe('initialized');
    expect(await first.ask('write b2')).toBe('b2');
    expect(await second.ask('write c3')).toBe('c3');
    expect(await first.ask('read c3')).toBe('c3');
    for (const one of [second, first]) expect(await one.ask('close')).toBe('closed');
    await expectKept(path, ['a1', 'b2', 'c1', 'c2', 'c3']);
  });
});
