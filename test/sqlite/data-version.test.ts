import { openCache } from '../cache/open-cache';
import SqliteDriver from '../support/sqlite-driver';
import { CheckpointThread } from '../../src/engines/sqlite/checkpoint-thread';
import { DataVersion } from '../../src/engines/sqlite/data-version';
import { loadSqliteDriver } from '../../src/engines/sqlite/driver/load-driver';
import { identityOf } from '../../src/engines/sqlite/file-identity';
import { createAgent } from '../support/factories';
import { afterTest, openTestDatabase } from '../support/test-database';

/**
 * Restarts the write-ahead log while another connection commits. Reports whether the data version is the same afterwards.
 *
 * @param commits - called with the number of each read of the data version, before and after the read. Returns true to
 * commit at that moment.
 */
async function restart(commits: (read: number, isBefore: boolean) => boolean): Promise<boolean> {
  const { db, options } = await openTestDatabase();
  await createAgent(db);
  const path = options.url.replace('file:', '');
  const [own, other] = [new SqliteDriver(path), new SqliteDriver(path)];
  afterTest(() => void own.close());
  afterTest(() => void other.close());
  let reads = 0;
  const commitIf = (isBefore: boolean): void => {
    if (commits(reads, isBefore)) other.exec("UPDATE agents SET description = 'changed'");
  };
  const version = new DataVersion(() => {
    reads += 1;
    commitIf(true);
    const number = Number(own.pragma('data_version', { simple: true }));
    commitIf(false);
    return number;
  });
  const thread = new CheckpointThread(loadSqliteDriver());
  afterTest(() => thread.close());
  const before = version.current();
  const files = [[path, identityOf(path)]] as const;
  expect(await thread.restart({ path, files, mode: 'restart', timeoutMs: 100 }, version)).toMatchObject({ busy: 0 });
  return version.current() === before;
}

describe('the data version', () => {
  test('the data version is the same after a restart of the write-ahead log', async () => {
    expect(await restart(() => false)).toBe(true);
  });

  test.each([
    [1, false],
    [2, true],
    [2, false],
    [3, true],
    [3, false],
  ])(
    'the data version changes when another connection commits at read %i of a restart (before the read: %s)',
    async (at, isBefore) => {
      expect(await restart((read, isBeforeRead) => read === at && isBeforeRead === isBefore)).toBe(false);
    },
  );
});

describe('the cache', () => {
  test('the cache keeps its records when the write-ahead log is restarted', async () => {
    const { db, outcomes } = await openCache();
    await createAgent(db, { id: 'a' });
    await db.getAgent('a');
    outcomes();
    expect(await db.maintain({ checkpoint: true })).toMatchObject({ checkpointed: true });
    await db.getAgent('a');
    expect(outcomes()).toEqual(['hit agent']);
  });

  test('the cache returns a change that another service makes after a restart of the write-ahead log', async () => {
    const { db, other } = await openCache();
    await createAgent(db, { id: 'a', owner: 'old' });
    await db.getAgent('a');
    await db.maintain({ checkpoint: true });
    await db.getAgent('a');
    await other.updateAgent({ id: 'a', owner: 'new' });
    expect((await db.getAgent('a'))?.owner).toBe('new');
  });
});
