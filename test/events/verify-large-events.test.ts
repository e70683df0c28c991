import { longestCpuBlockMs, noCpuBlock } from '../support/cpu-block';
import { eventInput } from '../support/factories';
import { describeUnless } from '../support/skip';
import { openTestDatabase } from '../support/test-database';

describeUnless(noCpuBlock, 'events.verify', () => {
  test('yields to the event loop between events with large metadata', async () => {
    const { db } = await openTestDatabase();
    const metadata = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`key number ${index}`, index]));
    await db.events.recordMany(Array.from({ length: 400 }, () => eventInput({ metadata })));
    // The first call compiles what the second one runs.
    expect(await db.events.verify()).toMatchObject({ valid: true, entries: 400 });
    expect(await longestCpuBlockMs(() => db.events.verify())).toBeLessThan(150);
  });
});
