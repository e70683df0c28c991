import { backfill } from '../../src/backfill';
import { sqliteDialect } from '../../src/engines/sqlite/dialect';
import type { Statement } from '../../src/sql/statement';
import type { Executor } from '../../src/storage/executor';
import { readPlan } from '../plans/read-plan';
import { shareTestDatabase } from '../support/test-database';

const shared = shareTestDatabase();

test('the backfill, which each start runs, reads no table completely when no value is missing', async () => {
  const statements: Statement[] = [];
  const query: Executor['query'] = (statement) => {
    statements.push(statement);
    return Promise.resolve([]);
  };
  // The cast is safe: the backfill uses no other part of an executor when no query returns a row.
  await backfill({ dialect: sqliteDialect, query } as Executor);
  expect(statements).toHaveLength(3);
  for (const statement of statements.slice(0, 2)) {
    expect((await readPlan(shared(), statement)).join('\n')).toMatch(/^SEARCH (agents|certificates) USING .*INDEX/);
  }
  // The third query reads one entry, and one checkpoint.
  expect(statements[2]?.sql).toMatch(/FROM security_event_entries LIMIT 1.*NOT EXISTS/s);
});
