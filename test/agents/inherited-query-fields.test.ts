import { createAgent } from '../support/factories';
import { openTestDatabase } from '../support/test-database';

describe('queryAgents with inherited or non-enumerable fields', () => {
  test('matches nothing when one of them is empty', async () => {
    const { db } = await openTestDatabase();
    await createAgent(db);
    expect(await db.queryAgents(Object.create({ owner: '' }) as object)).toEqual([]);
    expect(await db.queryAgents(Object.defineProperty({}, 'name', { value: '', enumerable: false }))).toEqual([]);
    expect(await db.queryAgents({ metadata: {} })).toHaveLength(1);
  });
});
