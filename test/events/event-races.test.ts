import { join } from 'node:path';
import { DatabaseService, type EventChainVerification } from '../../src';
import { nextLine, startProcess } from '../support/child-process';
import { eventInput } from '../support/factories';
import { rawValues } from '../support/raw-reader';
import { afterTest, newDatabaseUrl, openTestDatabase, type TestDatabase } from '../support/test-database';

const t0 = Date.parse('2026-06-01T12:00:00.000Z');
const rounds = 1000;

/** Other services on the same database, each with connections of its own. */
async function openOthers({ options }: TestDatabase, count: number): Promise<DatabaseService[]> {
  const services = Array.from({ length: count }, () => new DatabaseService({ ...options, busyTimeoutMs: 20_000 }));
  for (const service of services) {
    afterTest(() => service.close());
    await service.initialize();
  }
  return services;
}

/** Verifies again and again until `working` is over; what was not valid. */
async function verifyWhile(db: DatabaseService, working: Promise<unknown>): Promise<EventChainVerification[]> {
  const state = { isWorking: true };
  void working.finally(() => (state.isWorking = false)).catch(() => undefined);
  const breaks: EventChainVerification[] = [];
  while (state.isWorking) {
    const result = await db.events.verify();
    if (!result.valid) breaks.push(result);
    // On SQLite neither of the two waits for anything but the other.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await working;
  return breaks;
}

async function times(count: number, work: (round: number) => Promise<unknown>): Promise<void> {
  for (let round = 0; round < count; round += 1) await work(round);
}

/** The chain is right, and its numbers have no gap. */
async function expectWhole(database: TestDatabase, db = database.db): Promise<void> {
  expect(await db.events.verify()).toMatchObject({ valid: true });
  const sequences = (await rawValues(database, 'security_event_entries', 'sequence')).map(Number);
  expect(sequences.every((sequence, index) => sequence === (sequences[0] ?? 0) + index)).toBe(true);
}

describe('The chain of security events', () => {
  test('is whole while several record, and at every moment in between', async () => {
    const database = await openTestDatabase({ busyTimeoutMs: 20_000 });
    const others = await openOthers(database, 3);
    const working = Promise.all(
      [database.db, ...others].map((db) =>
        times(rounds / 4, async (round) => {
          const event = eventInput({ metadata: { round } });
          if (round % 10 === 0) await db.events.recordMany([event, event, event]);
          else await db.events.record(event);
        }),
      ),
    );
    expect(await verifyWhile(database.db, working)).toEqual([]);
    await expectWhole(database);
    expect(await database.db.events.verify()).toMatchObject({ entries: rounds + rounds / 5 });
  });

  test('is whole while transactions record beside others', async () => {
    const database = await openTestDatabase({ busyTimeoutMs: 20_000, retry: { attempts: 50 } });
    const [other = database.db] = await openOthers(database, 1);
    const working = Promise.all([
      times(rounds / 10, () => other.events.record(eventInput())),
      times(rounds / 10, () => database.db.events.record(eventInput())),
      times(rounds / 20, (round) =>
        database.db.transaction(async (tx) => {
          await tx.events.query({ limit: 1 });
          const id = await tx.events.record(eventInput());
          await tx.events.markMitigated(id, { applied: round % 2 === 0 });
        }),
      ),
      times(rounds / 20, () =>
        other.transaction(async (tx) => {
          await tx.events.query({ limit: 1 });
          await tx.events.recordMany([eventInput(), eventInput()]);
        }),
      ),
    ]);
    expect(await verifyWhile(database.db, working)).toEqual([]);
    await expectWhole(database);
    expect(await database.db.events.verify()).toMatchObject({ entries: 400 });
  });

  test('is whole while others prune what is being recorded, and mitigate what is being pruned', async () => {
    const database = await openTestDatabase({ busyTimeoutMs: 20_000 });
    const [pruner = database.db, mitigator = database.db] = await openOthers(database, 2);
    const counts = { recorded: 0, pruned: 0, mitigated: 0, absent: 0 };
    const event = (round: number) =>
      // Some are from before what is pruned next, wherever they stand.
      eventInput({ id: `e${round}`, timestamp: new Date(t0 + round - (round % 7 === 0 ? 40 : 0)) });
    const progress = { round: 0 };
    const working = Promise.all([
      times(rounds, async (round) => {
        await database.db.events.record(event(round));
        progress.round = round;
        counts.recorded += 1;
      }),
      times(rounds / 5, async () => {
        const before = new Date(t0 + progress.round - 10);
        counts.pruned += await pruner.events.prune({ before, batchSize: 3 });
      }),
      times(rounds / 2, async (round) => {
        const id = `e${Math.max(0, progress.round - (round % 20))}`;
        const found = await mitigator.events.markMitigated(id, { applied: true, details: `${round}` });
        counts[found ? 'mitigated' : 'absent'] += 1;
      }),
    ]);
    expect(await verifyWhile(database.db, working)).toEqual([]);
    await expectWhole(database);
    expect(await database.db.events.count()).toBe(counts.recorded - counts.pruned);
    expect(counts.pruned).toBeGreaterThan(0);
    expect(counts.mitigated).toBeGreaterThan(0);
  });

  test('is whole where a transaction that began before them comes after prunings', async () => {
    const database = await openTestDatabase({ busyTimeoutMs: 20_000 });
    const { db } = database;
    const [other = db] = await openOthers(database, 1);
    await times(20, async (round) => {
      await db.events.recordMany([eventInput({ id: `a${round}`, timestamp: new Date(t0) }), eventInput()]);
      let attempt = 0;
      const mitigated = await db.transaction(async (tx) => {
        await tx.events.count();
        attempt += 1;
        // On SQLite nobody could write meanwhile.
        if (attempt === 1 && database.options.url.startsWith('postgres')) {
          await other.events.record(eventInput({ timestamp: new Date(t0) }));
          await other.events.prune({ before: new Date(t0 + round + 1) });
          await other.events.record(eventInput({ timestamp: new Date(t0) }));
          await other.events.prune({ before: new Date(t0 + round + 1) });
        }
        if (round % 2 === 0) return tx.events.markMitigated(`a${round}`, { applied: true });
        await tx.events.record(eventInput());
        return undefined;
      });
      if (round % 2 === 0) expect(mitigated).toBe(!database.options.url.startsWith('postgres'));
      expect(await db.events.verify()).toMatchObject({ valid: true });
    });
  });

  test('is whole where several processes record', async () => {
    const options = { url: await newDatabaseUrl() };
    const names = ['a', 'b', 'c'];
    const path = join(__dirname, 'recording-process.ts');
    const processes = names.map((name) => startProcess(path, options.url, name, '40'));
    const lines = await Promise.all(processes.map(nextLine));
    expect(await Promise.all(processes.map(({ ended }) => ended))).toEqual([0, 0, 0]);
    const database = await openTestDatabase(options);
    await expectWhole(database);
    const entries = lines.reduce((sum, line) => sum + Number(line), 0);
    expect(await database.db.events.verify()).toMatchObject({ entries });
    expect(await database.db.events.count()).toBe(entries);
  });
});
