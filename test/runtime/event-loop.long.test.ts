import { onPostgresql } from '../support/engine';
import { createAgent, eventInput } from '../support/factories';
import { openTestDatabase } from '../support/test-database';

/** Returns the number of times that a timer of one millisecond fired while `work` ran. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  await work();
  clearInterval(timer);
  return turns;
}

describe('the event loop', () => {
  test('the event loop runs timers between consecutive calls', async () => {
    const { db } = await openTestDatabase();
    const id = await createAgent(db);
    const untilLong = async (call: () => Promise<unknown>): Promise<void> => {
      const end = performance.now() + 300;
      while (performance.now() < end) await call();
    };
    expect(await turnsDuring(() => untilLong(() => db.getAgent(id)))).toBeGreaterThan(5);
    expect(await turnsDuring(() => untilLong(() => db.recordSecurityEvent(eventInput())))).toBeGreaterThan(5);
  });

  test('the event loop runs timers while thousands of calls wait to write', async () => {
    const { db } = await openTestDatabase({ pool: { connectTimeoutMs: 30_000 } });
    const length = onPostgresql ? 200 : 4000;
    const record = () => Promise.all(Array.from({ length }, () => db.recordSecurityEvent(eventInput())));
    expect(await turnsDuring(record)).toBeGreaterThan(5);
    expect(await db.querySecurityEvents({})).toHaveLength(length);
  });

  test('calls yield to the event loop even when a test of the application has replaced the timers', async () => {
    const { db } = await openTestDatabase();
    const id = await createAgent(db);
    const end = performance.now() + 50;
    // The PostgreSQL driver delivers results with `process.nextTick`.
    jest.useFakeTimers({ doNotFake: onPostgresql ? ['performance', 'nextTick'] : ['performance'] });
    try {
      while (performance.now() < end) expect(await db.getAgent(id)).not.toBeNull();
    } finally {
      jest.useRealTimers();
    }
  });
});
