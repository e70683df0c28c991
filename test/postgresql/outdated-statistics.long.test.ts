import { agentIds, createAgent, createAgents } from '../support/factories';
import { runRaw } from '../support/raw-client';
import { openTestDatabase } from '../support/test-database';

test('a query by thousands of metadata entries uses the index although the statistics were collected with only one key', async () => {
  const { db, options } = await openTestDatabase();
  await createAgents(db, agentIds(2000), () => ({ metadata: { region: 'eu' } }));
  await runRaw(options.url, 'ANALYZE');
  const metadata = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`key ${index}`, index]));
  const id = await createAgent(db, { metadata });
  // A scan of the table for each entry takes 5 seconds on an idle machine.
  const start = performance.now();
  expect((await db.queryAgents({ metadata })).map((agent) => agent.id)).toEqual([id]);
  expect(performance.now() - start).toBeLessThan(2500);
});
