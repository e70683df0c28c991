import {
  createTestDatabase,
  fakeClock,
  registerTestAgent,
  testAgent,
  testCertificate,
  testEvent,
} from '../../src/testing';
import { expectError } from '../support/expect-error';

describe('ans-database/testing', () => {
  test('createTestDatabase creates a new, empty, migrated database at each call, and closes it at the end of the block', async () => {
    const opened = [];
    {
      await using one = await createTestDatabase();
      await using two = await createTestDatabase({ maxResults: 1 });
      opened.push(one, two);
      await registerTestAgent(one);
      expect([await one.agents.count({}), await two.agents.count({})]).toEqual([1, 0]);
      expect(await one.migrateDatabase()).toEqual([]);
    }
    for (const db of opened) await expectError('NOT_INITIALIZED', () => db.getAgent('x'));
    await expectError('INVALID_OPTIONS', () => createTestDatabase({ maxResults: -1 }));
  });

  test('the input factories return records that can be stored many times without a conflict', async () => {
    await using db = await createTestDatabase();
    const { agentId, certificateId } = await registerTestAgent(db, { id: 'a', capabilities: ['x'] }, { subject: '' });
    expect(await db.getAgent(agentId)).toMatchObject({ id: 'a', name: 'planner', capabilities: ['x'] });
    expect(await db.getCertificate(certificateId)).toMatchObject({ subject: '' });
    await db.transaction((tx) => registerTestAgent(tx, { name: 'inside' }));
    const other = await db.createCertificate(testCertificate());
    await db.createAgent(testAgent({ certificateId: other, name: 'outside' }));
    await db.recordSecurityEvent(testEvent({ severity: 'HIGH' }));
    await db.recordSecurityEvent(testEvent());
    const names = (await db.queryAgents({ orderBy: 'name' })).map(({ name }) => name);
    expect(names).toEqual(['inside', 'outside', 'planner']);
    expect(await db.events.count({ minSeverity: 'HIGH' })).toBe(1);
  });

  test('the test clock advances only when the test advances it, and the database uses its time', async () => {
    const clock = fakeClock(new Date('2026-03-01'));
    await using db = await createTestDatabase({ now: clock.now, defaultAgentLifetimeMs: 1000 });
    const { agentId } = await registerTestAgent(db);
    expect((await db.getAgent(agentId))?.createdAt).toEqual(new Date('2026-03-01'));
    expect(await db.agents.expireDue()).toBe(0);
    clock.advance(1000);
    expect(await db.agents.expireDue()).toBe(1);
    clock.set(Date.UTC(2030, 0, 1));
    await db.agents.renew(agentId, new Date('2031-01-01'));
    expect((await db.getAgent(agentId))?.updatedAt).toEqual(new Date('2030-01-01'));
    expect(fakeClock().now()).toBe(Date.UTC(2026, 0, 1));
  });
});
