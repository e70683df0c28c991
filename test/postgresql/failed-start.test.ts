import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService } from '../../src';
import { expectError } from '../support/expect-error';
import { runRaw } from '../support/raw-client';
import { createApplicationHistory } from '../support/migrations';
import { changeRaw } from '../support/raw-writer';
import { afterTest, unmigratedDatabaseUrl } from '../support/test-database';

const otherConnections =
  'SELECT count(*)::integer AS n FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()';

async function untilNoneIsLeft(url: string): Promise<boolean> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const [[row] = []] = await runRaw(url, otherConnections);
    if (row?.['n'] === 0) return true;
    await sleep(50);
  }
  return false;
}

test('D15: a start that failed leaves nothing open, and keeps its cause', async () => {
  const options = { url: await unmigratedDatabaseUrl(), migrations: 'apply' } as const;
  // An application that uses Prisma Migrate has a table of the same name.
  await createApplicationHistory(options.url, ['20250101000000_agents']);
  await changeRaw({ options }, 'CREATE TABLE agents (name TEXT)');
  const db = new DatabaseService(options);
  afterTest(() => db.close());
  const error = await expectError('MIGRATION_FAILED', () => db.initialize());
  expect(error.cause).toBeDefined();
  // The server notices a moment later that a connection was closed.
  await expect(untilNoneIsLeft(options.url)).resolves.toBe(true);
  await changeRaw({ options }, 'DROP TABLE agents');
  await db.initialize();
  expect(await db.queryAgents({})).toEqual([]);
});
