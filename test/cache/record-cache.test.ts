import type { Lookup } from '../../src/storage/lookup';
import { RecordCache, type ChangeSource } from '../../src/cache/record-cache';
import { Diagnostics } from '../../src/diagnostics/diagnostics';
import type { AgentRecord, DatabaseEvent } from '../../src';
import { wholeAgent } from '../support/factories';

/*
 * Orders of events that a database brings about by chance only: reads that take as long as the test wants, and faults of
 * the cache's own parts.
 */

const lookup: Lookup<AgentRecord> = { by: 'agent', key: 'a', read: () => Promise.resolve(null) };
const note = { entity: 'AGENT', kind: 'UPDATED', ids: ['a'], changedAt: 0 } as const;

function openCache(check: ChangeSource['check'] = () => undefined) {
  const events: DatabaseEvent[] = [];
  const others: ChangeSource = { check, close: () => Promise.resolve() };
  const diagnostics = new Diagnostics(undefined, (event) => void events.push(event));
  const cache = new RecordCache({ maxEntries: 10, ttlMs: 1000, staleIfErrorMs: 0 }, () => 0, others, diagnostics);
  let reads = 0;
  /** A read that has begun: what it gives is told later. */
  const begin = async () => {
    const before = reads;
    let land: (owner: string) => void = () => undefined;
    const row = new Promise<AgentRecord>((done) => {
      land = (owner) => done(wholeAgent({ id: 'a', certificateId: 'c', owner }));
    });
    const result = cache.read(lookup, () => {
      reads += 1;
      return row;
    });
    await new Promise((resolve) => setImmediate(resolve));
    return { land, owner: result.then((agent) => agent?.owner), isItsOwn: reads > before };
  };
  return { cache, begin, events };
}

describe('A read that has begun before a change', () => {
  test.each([
    ['a commit of its own service', (cache: RecordCache) => cache.invalidate([note])(true)],
    ['a commit that failed', (cache: RecordCache) => cache.invalidate([note])(false)],
    ['a change that others have made', (cache: RecordCache) => cache.evict([note])],
    ['any change', (cache: RecordCache) => cache.invalidateAll()],
  ])('%s: nobody who comes after it waits for that read, and its record is not kept', async (_, change) => {
    const { cache, begin } = openCache();
    const [early, companion] = [await begin(), await begin()];
    expect([early.isItsOwn, companion.isItsOwn]).toEqual([true, false]);
    change(cache);
    const late = await begin();
    expect(late.isItsOwn).toBe(true);
    late.land('new');
    expect(await late.owner).toBe('new');
    early.land('old');
    expect([await early.owner, await companion.owner]).toEqual(['old', 'old']);
    const next = await begin();
    expect([next.isItsOwn, await next.owner]).toEqual([false, 'new']);
  });

  test('a change of another record is none', async () => {
    const { cache, begin } = openCache();
    const early = await begin();
    cache.evict([
      { ...note, ids: ['b'] },
      { ...note, entity: 'CERTIFICATE' },
    ]);
    early.land('old');
    expect(await early.owner).toBe('old');
    const next = await begin();
    expect([next.isItsOwn, await next.owner]).toEqual([false, 'old']);
  });
});

test('From before a commit until after it a record is read each time, and not kept', async () => {
  const { cache, begin } = openCache();
  const [end, endOther] = [cache.invalidate([note]), cache.invalidate([note])];
  for (const owner of ['old', 'new']) {
    const read = await begin();
    expect(read.isItsOwn).toBe(true);
    read.land(owner);
    expect(await read.owner).toBe(owner);
  }
  end(true);
  const between = await begin();
  between.land('new');
  await between.owner;
  expect((await begin()).isItsOwn).toBe(true);
  endOther(false);
  const after = await begin();
  after.land('new');
  await after.owner;
  expect((await begin()).isItsOwn).toBe(false);
});

test('Where it cannot be known whether anything has changed, a record is read each time', async () => {
  let fails = true;
  const { begin, events } = openCache(() => {
    if (fails) throw new Error('The disk is gone');
  });
  for (const owner of ['old', 'new']) {
    const read = await begin();
    expect(read.isItsOwn).toBe(true);
    read.land(owner);
    expect(await read.owner).toBe(owner);
  }
  fails = false;
  const read = await begin();
  expect(read.isItsOwn).toBe(true);
  expect(events).toEqual([{ type: 'cache', outcome: 'miss', entity: 'agent' }]);
});
