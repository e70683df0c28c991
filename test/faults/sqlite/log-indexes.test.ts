import { rmSync } from 'node:fs';
import { expectError } from '../../support/expect-error';
import { soundReport } from '../../support/sound-database';
import { openTestDatabase } from '../../support/test-database';
import { expectKept, newPath, openInProcess, openWithLog } from './open-files';

test('a database whose -shm file was removed can be opened again after every service of the process has closed it', async () => {
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

describe('a database that two processes have open with two -shm files', () => {
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

  test('loses no acknowledged write of either process when the first one calls again', async () => {
    const { first, second, path } = await openTwice();
    expect(await first.ask('write b1')).toBe('UNAVAILABLE');
    expect(await second.ask('write c3')).toBe('c3');
    expect(await first.ask('close')).toBe('closed');
    expect(await second.ask('write c4')).toBe('c4');
    expect(await second.ask('close')).toBe('closed');
    await expectKept(path, ['a1', 'c1', 'c2', 'c3', 'c4']);
  });

  test.each(['close', 'exit'])(
    'loses no acknowledged write when the second process closes it and the first one ends by %s',
    async (end) => {
      const { first, second, path } = await openTwice();
      expect(await second.ask('close')).toBe('closed');
      const answer = first.ask(end);
      await (end === 'exit' ? first.ended : answer);
      await expectKept(path, ['a1', 'c1', 'c2']);
    },
  );

  test('loses no acknowledged write of either process when the first one has an open transaction', async () => {
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

  test('accepts calls of the first process after that process closes and opens it again', async () => {
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
