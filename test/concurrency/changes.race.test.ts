import type { Change, DatabaseService } from '../../src';
import { agentInput, createCertificate } from '../support/factories';
import { queryRaw } from '../support/raw-reader';
import { inTurn, openBeside, openTwice, rounds, turns } from '../support/race';
import type { TestDatabase } from '../support/test-database';

const certificateId = 'shared';

/** Acknowledged changes of a writer, in order, in the form of the feed. */
type Acknowledged = readonly string[];

/** Registers, changes and deletes agents of its own, one by one and in transactions. */
async function write(db: DatabaseService, writer: number): Promise<Acknowledged> {
  const done: string[] = [];
  await inTurn(Math.ceil(rounds / 2), async (round) => {
    const id = `w${writer}.${round}`;
    const agent = agentInput({ id, certificateId, capabilities: [`c${round % 5}`] });
    if (round % 4 === 0) {
      await db.transaction(async (tx) => {
        await tx.createAgent(agent);
        await turns(round % 3);
        await tx.updateAgent({ id, name: 'New' });
      });
      done.push(`CREATED ${id}`, `UPDATED ${id}`);
    } else {
      await db.createAgent(agent);
      done.push(`CREATED ${id}`);
    }
    if (round % 5 === 1) {
      await db
        .transaction((tx) => tx.deleteAgent(id).then(() => Promise.reject(new Error('no'))))
        .catch(() => undefined);
      await db.deleteAgent('nobody');
    }
    if (round % 4 === 1) {
      await db.deleteAgent(id);
      done.push(`DELETED ${id}`);
    }
    if (round % 4 === 2) {
      await db.agents.createMany([`${id}.0`, `${id}.1`].map((other) => ({ ...agent, id: other })));
      done.push(`CREATED ${id}.0`, `CREATED ${id}.1`);
    }
  });
  return done;
}

/** Follows the feed from its beginning to the change of the record `last`. */
async function follow(db: DatabaseService, last: string): Promise<Change[]> {
  const end = new AbortController();
  const seen: Change[] = [];
  for await (const change of db.followChanges({ pollMs: 1, signal: end.signal })) {
    seen.push(change);
    if (change.id === last) end.abort();
  }
  return seen;
}

/** Reads the feed in pages of seven changes, to the change of the record `last`. */
async function poll(db: DatabaseService, last: string): Promise<Change[]> {
  const seen: Change[] = [];
  while (seen.at(-1)?.id !== last) {
    seen.push(...(await db.changes({ after: seen.at(-1)?.sequence, limit: 7 })));
    await turns(1);
  }
  return seen;
}

/** Follows the feed with a new iterator after every five changes, to the change of the record `last`. */
async function resume(db: DatabaseService, last: string): Promise<Change[]> {
  const seen: Change[] = [];
  while (seen.at(-1)?.id !== last) {
    let count = 0;
    for await (const change of db.followChanges({ after: seen.at(-1)?.sequence, pollMs: 0 })) {
      seen.push(change);
      count += 1;
      if (count === 5) break;
    }
    await turns(1);
  }
  return seen;
}

function told({ kind, id }: Change): string {
  return `${kind} ${id}`;
}

/** Returns the sequence and the change of every row of the table. */
async function wholeFeed(database: TestDatabase): Promise<unknown[]> {
  const sql = 'SELECT sequence, kind, entity_id FROM changes ORDER BY sequence';
  const [rows = []] = await queryRaw(database, sql);
  return rows.map(({ sequence, kind, entity_id: id }) => [sequence, `${String(kind)} ${String(id)}`]);
}

test('readers of the change feed see every change once in commit order while others write', async () => {
  const { database, db, other } = await openTwice();
  const third = await openBeside(database);
  await createCertificate(db, { id: certificateId });
  const reading = Promise.all([follow(other, 'last'), poll(db, 'last'), resume(third, 'last'), follow(third, 'last')]);
  const services = [db, other, third, db, other, third];
  const acknowledged = await Promise.all(services.map((service, writer) => write(service, writer)));
  await createCertificate(db, { id: 'last' });

  const feed = await wholeFeed(database);
  for (const seen of await reading) {
    expect(seen.map((change) => [change.sequence, told(change)])).toEqual(feed);
    // The feed contains exactly the acknowledged changes of each writer, in the order in which they were made.
    for (const [writer, done] of acknowledged.entries()) {
      expect(seen.filter(({ id }) => id.startsWith(`w${writer}.`)).map(told)).toEqual(done);
    }
    expect(seen).toHaveLength(acknowledged.flat().length + 2);
  }
});

test('a reader of the change feed finds the record of every change that the feed has returned', async () => {
  const { db, other } = await openTwice();
  await createCertificate(db, { id: certificateId });
  const isThere = new Map<string, boolean>();
  const reading = (async () => {
    const end = new AbortController();
    for await (const { id, entity } of other.followChanges({ pollMs: 1, signal: end.signal })) {
      if (id === 'last') end.abort();
      else if (entity === 'agent') isThere.set(id, (await other.getAgent(id)) !== null);
    }
  })();
  const writing = Array.from({ length: 4 }, (_, writer) =>
    inTurn(Math.ceil(rounds / 4), async (round) => {
      const agent = agentInput({ id: `${writer}.${round}`, certificateId });
      if (round % 2 === 0) await db.createAgent(agent);
      else await other.transaction((tx) => tx.createAgent(agent));
    }),
  );
  await Promise.all(writing);
  await createCertificate(db, { id: 'last' });
  await reading;
  expect(isThere.size).toBe(4 * Math.ceil(rounds / 4));
  expect([...isThere].filter(([, found]) => !found)).toEqual([]);
});

test('a reader of the change feed that prunes the changes it has read loses no later change', async () => {
  const clock = { now: 0 };
  const { database, db, other } = await openTwice({ now: () => clock.now });
  await createCertificate(db, { id: certificateId });
  const seen: Change[] = [];
  let pruned = 0;
  const reading = (async () => {
    while (seen.at(-1)?.id !== 'last') {
      seen.push(...(await other.changes({ after: seen.at(-1)?.sequence, limit: 9 })));
      // Older changes were committed before the last change that was seen, so that they were seen as well.
      const before = seen.at(-1)?.changedAt;
      if (before !== undefined) pruned += await other.pruneChanges({ before, batchSize: 5 });
      await turns(1);
    }
  })();
  const ids = Array.from({ length: 3 * rounds }, (_, index) => `a${index}`);
  await inTurn(rounds, async (round) => {
    clock.now += 1000;
    const create = (id: string, place: number) =>
      (place % 2 === 0 ? db : other).createAgent(agentInput({ id, certificateId }));
    await Promise.all(ids.slice(3 * round, 3 * round + 3).map(create));
  });
  await createCertificate(db, { id: 'last' });
  await reading;
  const seenIds = seen.map(({ id }) => id);
  expect([...seenIds].sort()).toEqual([certificateId, ...ids, 'last'].sort());
  expect(pruned).toBeGreaterThan(0);
  expect(await wholeFeed(database)).toEqual(seen.slice(pruned).map((change) => [change.sequence, told(change)]));
});
