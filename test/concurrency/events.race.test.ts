import type { DatabaseService, EventChainVerification } from '../../src';
import { eventInput } from '../support/factories';
import { rawValues } from '../support/raw-reader';
import { testOn } from '../support/skip';
import { everyRound, expectBothWays, inTurn, openBeside, openTwice, race, rounds, whileWorking } from '../support/race';
import type { TestDatabase } from '../support/test-database';

const old = new Date('2026-01-01T00:00:00.000Z');
const border = new Date('2026-06-01T00:00:00.000Z');
const young = new Date('2026-12-01T00:00:00.000Z');

/** Verifies the chain until `working` is over; returns the invalid results. */
async function verifyWhile(db: DatabaseService, working: Promise<unknown>): Promise<EventChainVerification[]> {
  const breaks: EventChainVerification[] = [];
  await whileWorking(working, async () => {
    const result = await db.events.verify();
    if (!result.valid) breaks.push(result);
    // Leaves most of the time to the writers.
    await new Promise((resolve) => setTimeout(resolve, 20));
  });
  return breaks;
}

/** Expects a valid chain whose numbers have no gap. */
async function expectWhole(database: TestDatabase): Promise<void> {
  expect(await database.db.events.verify()).toMatchObject({ valid: true });
  const sequences = (await rawValues(database, 'security_event_entries', 'sequence')).map(Number);
  const first = sequences[0] ?? 0;
  expect(sequences).toEqual(sequences.map((_, index) => first + index));
}

describe('event chain', () => {
  test('the event chain stays valid while several services record events, and contains each event once', async () => {
    const database = await openTwice();
    const services = [database.db, database.other, await openBeside(database)];
    const ids: string[] = [];
    const recording = services.map((db, service) =>
      inTurn(rounds, async (round) => {
        const event = (place: number) => eventInput({ id: `${service}-${round}-${place}`, metadata: { round } });
        if (round % 5 === 0) ids.push(...(await db.events.recordMany([event(0), event(1), event(2)])));
        else ids.push(await db.events.record(event(0)));
      }),
    );
    expect(await verifyWhile(database.db, Promise.all(recording))).toEqual([]);
    await expectWhole(database);
    expect((await rawValues(database, 'security_events', 'id')).map(String).sort()).toEqual(ids.sort());
    expect(await database.db.events.verify()).toMatchObject({ entries: ids.length });
  });

  test('the event chain stays valid while transactions record events', async () => {
    const { database, db, other } = await openTwice();
    const patient = await openBeside({ options: { ...database.options, retry: { attempts: 50 } } });
    const half = Math.ceil(rounds / 2);
    const recording = [
      inTurn(rounds, () => db.events.record(eventInput())),
      inTurn(rounds, () => other.events.record(eventInput())),
      inTurn(half, (round) =>
        patient.transaction(async (tx) => {
          await tx.events.query({ limit: 1 });
          const id = await tx.events.record(eventInput());
          await tx.events.markMitigated(id, { applied: round % 2 === 0 });
        }),
      ),
      inTurn(half, () =>
        patient.transaction(async (tx) => {
          await tx.events.query({ limit: 1 });
          await tx.events.recordMany([eventInput(), eventInput()]);
        }),
      ),
    ];
    expect(await verifyWhile(db, Promise.all(recording))).toEqual([]);
    await expectWhole(database);
    expect(await db.events.verify()).toMatchObject({ entries: 2 * rounds + 4 * half });
    expect(await db.events.count()).toBe(2 * rounds + 3 * half);
  });

  test('the event chain stays valid while services record and prune events, and pruning counts each event once', async () => {
    const { database, db, other } = await openTwice();
    const ways = new Set<boolean>();
    let pruned = 0;
    const racing = inTurn(rounds, async (round) => {
      await db.events.record(eventInput({ id: `before ${round}`, timestamp: old }));
      const outcomes = await race(
        round,
        () => db.events.record(eventInput({ id: `old ${round}`, timestamp: old })),
        () => other.events.prune({ before: border, batchSize: 1 + (round % 3) }),
        () => db.events.recordMany([eventInput({ id: `young ${round}`, timestamp: young })]),
      );
      const [recorded, count, many] = outcomes;
      expect([recorded, many]).toEqual([`old ${round}`, [`young ${round}`]]);
      pruned += Number(count);
      expect(await db.events.get(`before ${round}`)).toBeNull();
      ways.add((await db.events.get(`old ${round}`)) === null);
    });
    expect(await verifyWhile(other, racing)).toEqual([]);
    await expectWhole(database);
    pruned += await db.events.prune({ before: border });
    expect(pruned).toBe(2 * rounds);
    await expectWhole(database);
    const left = await db.events.query();
    const kept = Array.from({ length: rounds }, (_, round) => `young ${round}`);
    expect(left.map(({ id }) => id).sort()).toEqual(kept.sort());
    expectBothWays(ways);
  });

  test('the event chain stays valid while two calls prune events and a third call mitigates events', async () => {
    const { database, db, other } = await openTwice();
    const ways = new Set<boolean>();
    let pruned = 0;
    const racing = everyRound(async (round) => {
      const id = `e${round}`;
      await db.events.record(eventInput({ id, timestamp: round % 3 === 0 ? young : old }));
      const [one, two, mitigated] = await race(
        round,
        () => db.events.prune({ before: border }),
        () => other.events.prune({ before: border, batchSize: 1 }),
        () => other.events.markMitigated(id, { applied: true, details: `${round}` }),
      );
      pruned += Number(one) + Number(two);
      const found = await db.events.get(id);
      expect(found === null).toBe(round % 3 !== 0);
      if (found === null) ways.add(mitigated === true);
      else expect([mitigated, found.mitigationDetails]).toEqual([true, `${round}`]);
      expect([true, false]).toContain(mitigated);
    });
    expect(await verifyWhile(other, racing)).toEqual([]);
    await expectWhole(database);
    expect(pruned).toBe(rounds - Math.ceil(rounds / 3));
    expect(await db.events.count()).toBe(Math.ceil(rounds / 3));
    expectBothWays(ways);
  });

  // On SQLite no other call can write while a transaction is open.
  testOn(
    'postgresql',
    'the event chain is valid after the commit of a transaction that began before several prunings',
    async () => {
      const { database, db, other } = await openTwice();
      await inTurn(Math.ceil(rounds / 5), async (round) => {
        await db.events.recordMany([eventInput({ id: `a${round}`, timestamp: old }), eventInput()]);
        let attempt = 0;
        const mitigated = await db.transaction(async (tx) => {
          await tx.events.count();
          attempt += 1;
          if (attempt === 1) {
            await other.events.record(eventInput({ timestamp: old }));
            await other.events.prune({ before: border });
            await other.events.record(eventInput({ timestamp: old }));
            await other.events.prune({ before: border });
          }
          if (round % 2 === 0) return tx.events.markMitigated(`a${round}`, { applied: true });
          await tx.events.record(eventInput());
          return false;
        });
        // The prunings follow the mitigation, whose event no longer exists.
        expect([mitigated, attempt]).toEqual([round % 2 === 0, 1]);
      });
      await expectWhole(database);
      expect((await db.events.verify()).pending).toBe(0);
    },
  );
});
