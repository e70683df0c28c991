import { DatabaseService } from '../../src';
import { expectError } from '../support/expect-error';
import { queryRaw } from '../support/raw-reader';
import { changeRaw } from '../support/raw-writer';
import { afterTest, unmigratedDatabaseUrl } from '../support/test-database';

const otherConnections =
  'SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()';

test('D15: a start that failed leaves nothing open, and keeps its cause', async () => {
  const options = { url: await unmigratedDatabaseUrl(), migrations: 'apply' } as const;
  await changeRaw({ options }, 'CREATE TABLE agents (name TEXT)');
  const db = new DatabaseService(options);
  afterTest(() => db.close());
  const error = await expectError('MIGRATION_FAILED', () => db.initialize());
  expect(error.cause).toBeDefined();
  expect(await queryRaw({ options }, otherConnections)).toEqual([[]]);
  await changeRaw({ options }, 'DROP TABLE agents');
  await db.initialize();
  expect(await db.queryAgents({})).toEqual([]);
});
