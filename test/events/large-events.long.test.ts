import { longestCpuBlockMs, noCpuBlock } from '../support/cpu-block';
import { eventInput } from '../support/factories';
import { describeUnless } from '../support/skip';
import { changeRaw } from '../support/raw-writer';
import { openTestDatabase } from '../support/test-database';
import { copyEntry, deleteEntries, shift, swap } from './chain';

test('events.recordMany stores events of more than a megabyte', async () => {
  const { db } = await openTestDatabase();
  const description = 'é"\\\n'.repeat(300_000);
  const events = Array.from({ length: 12 }, (_, index) => eventInput({ id: `e${index}`, description }));
  await db.events.recordMany(events);
  expect((await db.events.get('e7'))?.description === description).toBe(true);
  expect(await db.events.verify()).toMatchObject({ valid: true, entries: 12 });
});

describeUnless(noCpuBlock, 'events.verify of large events', () => {
  test('events.verify yields to the event loop between large events', async () => {
    const { db } = await openTestDatabase();
    const metadata = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`key number ${index}`, index]));
    await db.events.recordMany(Array.from({ length: 150 }, () => eventInput({ metadata })));
    // The first call compiles the code that the second one runs.
    expect(await db.events.verify()).toMatchObject({ valid: true, entries: 150 });
    expect(await longestCpuBlockMs(() => db.events.verify())).toBeLessThan(150);
  });
});

test('events.verify finds a changed entry in a chain of thousands of entries', async () => {
  const database = await openTestDatabase();
  const { events } = database.db;
  await events.recordMany(Array.from({ length: 2600 }, (_, index) => eventInput({ id: `e${index + 1}` })));
  expect(await events.verify()).toMatchObject({ valid: true, entries: 2600 });
  for (const [tamper, found] of [
    [swap(900, 2500), { reason: 'reordered', sequence: 900, eventId: 'e2500' }],
    [`${swap(900, 2500)}; ${shift(2000, 1)}; ${copyEntry(1, 2000, 'x')}`, { reason: 'inserted', sequence: 2000 }],
    [`${deleteEntries('sequence <= 2000')}; ${shift(2001, -2000)}`, { reason: 'removed', sequence: 1 }],
  ] as const) {
    await changeRaw(database, tamper);
    expect(await events.verify()).toMatchObject({ break: found });
  }
});
