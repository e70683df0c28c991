import type { AgentRecord, DatabaseEvent } from '../../src';
import { RecordCache, type ChangeSource } from '../../src/cache/record-cache';
import { Diagnostics } from '../../src/diagnostics/diagnostics';
import type { Lookup } from '../../src/storage/lookup';
import { wholeAgent } from '../support/factories';

const lookup: Lookup<AgentRecord> = { by: 'agent', key: 'a', read: () => Promise.resolve(null) };
const change = { entity: 'AGENT', kind: 'UPDATED', ids: ['a'], changedAt: 0 } as const;

/** Creates a cache whose reads of the database end when the test calls `settle` with the record. */
function openCache(check: ChangeSource['check'] = () => undefined) {
  const events: DatabaseEvent[] = [];
  const source: ChangeSource = { check, close: () => Promise.resolve() };
  const diagnostics = new Diagnostics(undefined, (event) => void events.push(event));
  const cache = new RecordCache({ maxEntries: 10, ttlMs: 1000, staleIfErrorMs: 0 }, () => 0, source, diagnostics);
  let reads = 0;
  /** Begins to get the agent. `reads` reports whether the database is read; that read ends when `settle` is called. */
  const begin = async () => {
    const before = reads;
    let settle: (owner: string) => void = () => undefined;
    const row = new Promise<AgentRecord>((done) => {
      settle = (owner) => done(wholeAgent({ id: 'a', certificateId: 'c', owner }));
    });
    const result = cache.read(lookup, () => {
      reads += 1;
      return row;
    });
    await new Promise((resolve) => setImmediate(resolve));
    return { settle, owner: result.then((agent) => agent?.owner), reads: reads > before };
  };
  /** Gets the agent, which must be read from the database. */
  const expectRead = async (owner: string): Promise<void> => {
    const read = await begin();
    expect(read.reads).toBe(true);
    read.settle(owner);
    expect(await read.owner).toBe(owner);
  };
  return { cache, begin, expectRead, events };
}

describe('RecordCache', () => {
  test.each([
    ['a commit of its own service', (cache: RecordCache) => cache.invalidate([change])(true)],
    ['a commit that failed', (cache: RecordCache) => cache.invalidate([change])(false)],
    ['a change of another service', (cache: RecordCache) => cache.evict([change])],
    ['any change', (cache: RecordCache) => cache.invalidateAll()],
  ])('the cache neither shares nor stores a record whose read began before %s', async (_, invalidate) => {
    const { cache, begin, expectRead } = openCache();
    const [early, concurrent] = [await begin(), await begin()];
    expect([early.reads, concurrent.reads]).toEqual([true, false]);
    invalidate(cache);
    await expectRead('new');
    early.settle('old');
    expect([await early.owner, await concurrent.owner]).toEqual(['old', 'old']);
    const next = await begin();
    expect([next.reads, await next.owner]).toEqual([false, 'new']);
  });

  test('the cache stores a record whose read began before a change of another record', async () => {
    const { cache, begin } = openCache();
    const early = await begin();
    cache.evict([
      { ...change, ids: ['b'] },
      { ...change, entity: 'CERTIFICATE' },
    ]);
    early.settle('old');
    expect(await early.owner).toBe('old');
    const next = await begin();
    expect([next.reads, await next.owner]).toEqual([false, 'old']);
  });

  test('the cache does not store a record until all commits that change the record have ended', async () => {
    const { cache, begin, expectRead } = openCache();
    const [end, endOther] = [cache.invalidate([change]), cache.invalidate([change])];
    await expectRead('old');
    await expectRead('new');
    end(true);
    await expectRead('new');
    await expectRead('new');
    endOther(false);
    await expectRead('new');
    expect((await begin()).reads).toBe(false);
  });

  test('the cache stores no record while it cannot check for commits of other services', async () => {
    let fails = true;
    const { begin, expectRead, events } = openCache(() => {
      if (fails) throw new Error('The disk is gone');
    });
    await expectRead('old');
    await expectRead('new');
    fails = false;
    expect((await begin()).reads).toBe(true);
    expect(events).toEqual([{ type: 'cache', outcome: 'miss', entity: 'agent' }]);
  });
});
