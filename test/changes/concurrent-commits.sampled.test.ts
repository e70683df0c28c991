import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseService } from '../../src';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, createCertificate } from '../support/factories';
import { spoilDatabase } from '../support/postgresql-databases';
import { runRaw, whileLocked } from '../support/raw-client';
import { sampled } from '../support/sampled';
import { describeOn } from '../support/skip';
import { openTestDatabase, type TestDatabase } from '../support/test-database';
import { waitUntil } from '../support/wait-until';

/** Lock for which a commit of the record `held` waits after its sequence number was assigned. */
const lock = 'pg_advisory_xact_lock(42)';

async function openHeld(last: number): Promise<TestDatabase> {
  const database = await openTestDatabase();
  const { url } = database.options;
  spoilDatabase(url);
  await runRaw(
    url,
    `CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM ${lock}; RETURN NULL; END $$;
    CREATE TRIGGER hold AFTER INSERT ON changes FOR EACH ROW WHEN (NEW.entity_id = 'held') EXECUTE FUNCTION hold();
    SELECT setval('changes_sequence_seq', ${last})`,
  );
  return database;
}

/** Calls `work` while the commit of `write` is in progress. Returns the result of `write`. */
async function whileHeld<T>(url: string, write: () => Promise<T>, work: () => Promise<unknown>): Promise<T> {
  const writing = await whileLocked(url, `SELECT ${lock}`, async () => {
    const promise = write();
    const waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND NOT granted";
    await waitUntil(async () => (await runRaw(url, waiting)).flat().length > 0);
    await work();
    return { promise };
  });
  return writing.promise;
}

async function idsOf(db: DatabaseService, after: number | undefined): Promise<string[]> {
  return (await db.changes({ after })).map(({ id }) => id);
}

describeOn('postgresql', 'a commit in progress', () => {
  // The key of the lock is the lowest 32 bits of the sequence number.
  test.each(sampled([2 ** 31 - 2, 1, 2 ** 31, 2 ** 33 + 2 ** 31 - 3, 2 ** 32 - 2], 3))(
    'an unfinished commit hides its change and later ones from readers without blocking writers: sequence number %d',
    async (start) => {
      const { db, options } = await openHeld(start);
      await createCertificate(db, { id: 'first' });
      const after = (await db.changes()).at(-1)?.sequence ?? 0;
      expect(after).toBe(start + 1);
      const hold =
        start % 2 === 0
          ? () => createCertificate(db, { id: 'held' })
          : () => db.transaction((tx) => tx.createCertificate(certificateInput({ id: 'held' })));
      await whileHeld(options.url, hold, async () => {
        for (const id of ['a', 'b', 'c']) await createCertificate(db, { id });
        expect(await idsOf(db, undefined)).toEqual(['first']);
        expect(await idsOf(db, after)).toEqual([]);
        expect(await db.followChanges({ after, pollMs: 0 }).next()).toEqual({ done: true, value: undefined });
        expect(await db.pruneChanges({ before: new Date(Date.now() + 60_000) })).toBe(1);
        expect(await idsOf(db, after)).toEqual([]);
        // The last number belongs to a committed change, although readers do not get that change yet.
        expect(await idsOf(db, after + 4)).toEqual([]);
        await expectError('OUT_OF_RANGE', () => db.changes({ after: after + 5 }));
      });
      expect(await idsOf(db, after)).toEqual(['held', 'a', 'b', 'c']);
    },
  );

  test('a commit with hundreds of changes holds one advisory lock', async () => {
    const { db, options } = await openHeld(1);
    const certificateId = await createCertificate(db);
    const agents = Array.from({ length: 600 }, (_, index) =>
      agentInput({ id: index === 599 ? 'held' : `a${index}`, certificateId }),
    );
    const create = () => db.transaction((tx) => tx.agents.createMany(agents));
    await whileHeld(options.url, create, async () => {
      const locks = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'";
      expect((await runRaw(options.url, locks)).flat()).toHaveLength(1);
    });
    expect(await idsOf(db, undefined)).toHaveLength(601);
  });

  test('the repair of the change-feed sequence waits for unfinished commits and blocks other writes', async () => {
    const { db, options } = await openHeld(1000);
    const { url } = options;
    await createCertificate(db, { id: 'first' });
    await runRaw(url, 'ALTER SEQUENCE changes_sequence_seq RESTART WITH 500');
    const states: string[] = [];
    let repairing: Promise<unknown> | undefined;
    let writing: Promise<unknown> | undefined;
    await whileHeld(
      url,
      () => createCertificate(db, { id: 'held' }).then(() => states.push('held')),
      async () => {
        repairing = db.migrateDatabase().then(() => states.push('repaired'));
        const waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'relation' AND NOT granted";
        await waitUntil(async () => (await runRaw(url, waiting)).flat().length > 0);
        writing = createCertificate(db, { id: 'later' });
        await sleep(100);
        expect(states).toEqual([]);
      },
    );
    await Promise.all([repairing, writing]);
    expect((await db.changes()).map(({ sequence, id }) => [sequence, id])).toEqual([
      [501, 'held'],
      [1001, 'first'],
      [1002, 'later'],
    ]);
  });
});

test('followChanges polls the database once for all followers of a service', async () => {
  const { db, events } = await openTestDatabase();
  await createCertificate(db);
  const after = (await db.changes()).at(-1)?.sequence;
  events.length = 0;
  const end = new AbortController();
  const following = Array.from({ length: 8 }, async () => {
    for await (const { id } of db.followChanges({ after, pollMs: 100, signal: end.signal })) return id;
    return undefined;
  });
  await sleep(1000);
  const count = events.filter((event) => event.type === 'query' && event.sql.includes('change_prunings')).length;
  expect(count).toBeGreaterThan(0);
  expect(count).toBeLessThan(40);
  await createCertificate(db, { id: 'new' });
  expect(new Set(await Promise.all(following))).toEqual(new Set(['new']));
});
