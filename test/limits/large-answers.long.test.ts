import { agentInput, certificateInput, eventInput } from '../support/factories';
import { expectError } from '../support/expect-error';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

const count = 60;
const size = 20_000;

/** Opens a database of agents, certificates and events with metadata of 20,000 characters each. */
async function openLarge(answerLength: number): Promise<TestDatabase> {
  const { database, db } = await openTestDatabase({ limits: { answerLength } });
  const metadata = { text: 'x'.repeat(size) };
  const certificateId = await db.createCertificate(certificateInput({ metadata }));
  await db.createCertificate(certificateInput({ metadata }));
  const numbers = Array.from({ length: count }, (_, index) => String(index).padStart(2, '0'));
  await db.agents.createMany(numbers.map((id) => agentInput({ id, certificateId, metadata })));
  await db.events.recordMany(numbers.map((id) => eventInput({ id, metadata, eventType: `${id} of many` })));
  return database;
}

describe('With the limit answerLength, a call', () => {
  test('a call fails with RESULT_TOO_LARGE when its result is longer than the limit answerLength', async () => {
    const { db } = await openLarge(25 * size);
    const ids = (await db.agents.query({ limit: 20 })).map(({ id }) => id);
    expect(ids).toHaveLength(20);
    const all = Array.from({ length: count }, (_, index) => String(index).padStart(2, '0'));
    const calls: (() => Promise<unknown>)[] = [
      () => db.queryAgents({}),
      () => db.queryAgents({ limit: 30 }),
      () => db.agents.page({}, { size: 30 }),
      () => db.agents.getMany(all),
      () => db.querySecurityEvents(),
      () => db.events.page({}, { size: 30 }),
    ];
    for (const call of calls) {
      const error = await expectError('RESULT_TOO_LARGE', call);
      expect(error.message).toContain('500000');
      expect(error.retryable).toBe(false);
    }
    expect(await db.agents.getMany(ids)).toHaveLength(20);
    expect(await db.agents.count()).toBe(count);
  });

  test('certificate queries and counts by key fail with RESULT_TOO_LARGE when they exceed answerLength', async () => {
    const { db } = await openLarge(500);
    await expectError('RESULT_TOO_LARGE', () => db.certificates.query());
    await expectError('RESULT_TOO_LARGE', () => db.events.aggregate({}, { by: 'eventType' }));
    expect(await db.events.aggregate({}, { by: 'severity' })).toEqual([{ key: 'MEDIUM', count }]);
  });

  test('iterate, verify and check succeed when all records together exceed answerLength', async () => {
    const { db } = await openLarge(5 * size);
    const ids: string[] = [];
    for await (const { id } of db.agents.iterate({ orderBy: 'id' })) ids.push(id);
    expect(ids).toEqual(Array.from({ length: count }, (_, index) => String(index).padStart(2, '0')));
    let events = 0;
    for await (const event of db.events.iterate()) events += Number(event.metadata['text'] !== undefined);
    expect(events).toBe(count);
    expect(await db.events.verify()).toMatchObject({ valid: true, entries: count });
    expect(await db.check()).toMatchObject({ ok: true });
  });

  test('a call that fails with RESULT_TOO_LARGE inside a transaction lets the transaction continue', async () => {
    const { db } = await openLarge(25 * size);
    await db.transaction(async (tx) => {
      await tx.updateAgent({ id: '00', name: 'changed' });
      await expectError('RESULT_TOO_LARGE', () => tx.queryAgents({}));
      await tx.updateAgent({ id: '01', name: 'changed' });
    });
    expect(await db.agents.count({ exactName: 'changed' })).toBe(2);
  });
});
