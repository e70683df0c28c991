import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseService, ResolutionQuery } from '../../src';
import { agentInput, createCertificate, eventInput } from '../support/factories';
import { allPages } from '../support/pages';
import { rawValues } from '../support/raw-reader';
import { everyRound, inTurn, openTwice, race, rounds, turns, whileWorking } from '../support/race';

const orders: readonly ResolutionQuery[] = [
  { orderBy: 'id' },
  { orderBy: 'name', orderDirection: 'desc' },
  { orderBy: 'createdAt', orderDirection: 'desc' },
  { orderBy: 'updatedAt' },
  { orderBy: 'expiresAt' },
  { orderBy: 'version' },
];
const indices = Array.from({ length: 12 }, (_, index) => index);

async function idsOf(records: Promise<readonly { readonly id: string }[]>): Promise<string[]> {
  return (await records).map(({ id }) => id);
}

/** Deletes one agent after the other. */
async function deleteAll(db: DatabaseService, ids: readonly string[]): Promise<boolean[]> {
  const outcomes: boolean[] = [];
  for (const id of ids) outcomes.push(await db.deleteAgent(id));
  return outcomes;
}

/** Expects that each survivor was seen once and in order, and each deleted record at most once. */
function expectSurvivors(seen: readonly string[], survivors: readonly string[], deleted: readonly string[]): void {
  const isSurvivor = new Set(survivors);
  expect(seen.filter((id) => isSurvivor.has(id))).toEqual(survivors);
  expect(new Set(seen).size).toBe(seen.length);
  const isKnown = new Set([...survivors, ...deleted]);
  expect(seen.filter((id) => !isKnown.has(id))).toEqual([]);
}

test('agents.page returns every remaining agent once and in order while others delete agents', async () => {
  const { db, other } = await openTwice();
  const certificateId = await createCertificate(db);
  const sightings = { deleted: 0, seen: 0 };
  await everyRound(async (round) => {
    const owner = `o${round}`;
    const agents = indices.map((index) => {
      const times = { createdAt: new Date(1000 + (index % 5)), updatedAt: new Date(2000 + (index % 7)) };
      const names = { name: `n${index % 3}`, version: `1.${index % 4}.0` };
      return agentInput({ id: `${owner}.${10 + index}`, owner, certificateId, ...names, ...times });
    });
    await db.agents.createMany(agents);
    const query = { owner, ...orders[round % orders.length] };
    const all = (await db.agents.query(query)).map(({ id }) => id);
    const doomed = all.filter((_, index) => (index + round) % 2 === 0);
    // Deletes first the records before the reader's position, or first the records after it.
    const victims = round % 4 < 2 ? doomed : [...doomed].reverse();
    const [seen, deleted] = await race(
      round,
      () => idsOf(allPages((page) => db.agents.page(query, page), 1 + (round % 4), round % 5)),
      () => deleteAll(other, victims),
    );
    if ('code' in seen) throw new Error(`Not read: ${seen.code}`);
    const survivors = all.filter((id) => !doomed.includes(id));
    expectSurvivors(seen, survivors, doomed);
    expect(deleted).toEqual(victims.map(() => true));
    expect((await db.agents.query(query)).map(({ id }) => id)).toEqual(survivors);
    sightings.deleted += doomed.length;
    sightings.seen += seen.length - survivors.length;
  });
  // Some were deleted before they were read, and some after.
  expect(sightings.seen).toBeGreaterThan(0);
  expect(sightings.seen).toBeLessThan(sightings.deleted);
});

test('agents.iterate yields every remaining agent once and in order while others delete agents', async () => {
  const { database, db, other } = await openTwice();
  const certificateId = await createCertificate(db);
  const ids = Array.from({ length: 700 + 2 * rounds }, (_, index) => `a${String(index * 7919).padStart(8, '0')}`);
  await db.agents.createMany(ids.map((id) => agentInput({ id, certificateId })));
  // An iteration reads pages of 500 agents. The start of the second page is among the deleted agents.
  const first = Math.max(0, 500 - rounds);
  const victims = ids.filter((_, index) => index % 2 === 1 && index >= first && index < first + 2 * rounds);
  const query: ResolutionQuery = { orderBy: 'id' };
  let walks = 0;
  const deleting = inTurn(victims.length, async (index) => {
    // Deletes alternately from both ends.
    const id = (index % 2 === 0 ? victims[index / 2] : victims[victims.length - (index + 1) / 2]) ?? '';
    expect(await other.deleteAgent(id)).toBe(true);
    await turns(2);
  });
  const survivors = ids.filter((id) => !victims.includes(id));
  await whileWorking(deleting, async () => {
    const seen: string[] = [];
    for await (const { id } of db.agents.iterate(query)) {
      seen.push(id);
      if (seen.length % 50 === 0) await turns(1);
    }
    expectSurvivors(seen, survivors, victims);
    walks += 1;
  });
  expect(walks).toBeGreaterThan(0);
  expect(await rawValues(database, 'agents', 'id')).toEqual(survivors);
});

test('events.page and events.iterate return every remaining event once and in order while others prune', async () => {
  const { db, other } = await openTwice();
  const border = Date.parse('2026-06-01T00:00:00.000Z');
  const sightings = { pruned: 0, seen: 0 };
  // The rounds run one after another, because a pruning removes events of all sources.
  await inTurn(rounds, async (round) => {
    const source = `s${round}`;
    const events = indices.map((index) => {
      // Every two events have the same time.
      const timestamp = new Date(border + (index >> 1) - 3);
      return eventInput({ id: `${source}.${10 + index}`, source, timestamp });
    });
    await db.events.recordMany(events);
    const all = (await db.events.query({ source })).map(({ id }) => id);
    const [seen, pruned, iterated] = await race(
      round,
      () => idsOf(allPages((page) => db.events.page({ source }, page), 1 + (round % 5), 1)),
      async () => {
        // The pruned events are on the last pages, so the pruning begins after a pause.
        await sleep(round % 9);
        return other.events.prune({ before: new Date(border), batchSize: 1 });
      },
      async () => {
        const ids: string[] = [];
        for await (const { id } of db.events.iterate({ source })) ids.push(id);
        return ids;
      },
    );
    if ('code' in seen || 'code' in iterated) throw new Error('Not read');
    const [survivors, victims] = [all.slice(0, 6), all.slice(6)];
    expectSurvivors(seen, survivors, victims);
    expectSurvivors(iterated, survivors, victims);
    expect(pruned).toBe(6);
    expect((await db.events.query({ source })).map(({ id }) => id)).toEqual(survivors);
    sightings.pruned += victims.length;
    sightings.seen += seen.length - survivors.length;
  });
  expect(sightings.seen).toBeGreaterThan(0);
  expect(sightings.seen).toBeLessThan(sightings.pruned);
});
