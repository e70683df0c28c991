import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { DatabaseService, DatabaseServiceFactory, driverErrorOf, type DatabaseOptions } from '../../src';
import { onPostgresql } from '../support/engine';
import { callUntyped, expectError, expectRefused } from '../support/expect-error';
import { agentInput, createCertificate } from '../support/factories';
import { isLongRun } from '../support/sampled';
import { testOn } from '../support/skip';
import { openTestDatabase, shareTestDatabase, temporaryDirectory } from '../support/test-database';
import { anyValue, expectUnpolluted, hostileObjects, marker, pathsOf, replaced } from './hostile-values';

const runs = Number(process.env['PROPERTY_RUNS'] ?? (isLongRun ? 500 : 50));

function throwMine(): never {
  throw new Error('mine');
}

describe('The constructor and the factory', () => {
  const options = {
    url: onPostgresql ? 'postgresql://127.0.0.1:1/none' : ':memory:',
    replicaUrls: [],
    maxReplicaLagMs: 1,
    migrations: 'apply',
    pool: { maxConnections: 1, idleTimeoutMs: 1, connectTimeoutMs: 1, statementTimeoutMs: 1 },
    busyTimeoutMs: 1,
    durability: 'full',
    retry: { attempts: 1, baseDelayMs: 1, maxDelayMs: 1, budgetMs: 1 },
    breaker: { failures: 1, resetMs: 1 },
    cache: { maxEntries: 1, ttlMs: 1, staleIfErrorMs: 1 },
    closeTimeoutMs: 1,
    maxResults: 1,
    limits: { nameLength: 1, metadataDepth: 1, cursorLength: 1 },
    defaultAgentLifetimeMs: 1,
    onEvent: () => undefined,
    now: () => 1,
    allowReset: false,
  };

  test('constructor and factory accept any options or refuse them with INVALID_OPTIONS, without the values in the message', async () => {
    const paths = pathsOf(options).filter((path) => path.length > 0);
    const changed = fc.tuple(fc.constantFrom(...paths), anyValue).map(([path, { what, make }]) => ({
      what: `${path.join('.')}: ${what}`,
      make: () => replaced(options, path, { value: make() }),
    }));
    const any = fc.oneof({ weight: 1, arbitrary: anyValue }, { weight: 4, arbitrary: changed });
    const property = fc.asyncProperty(any, async ({ make }) => {
      // The compiler would not allow most of these values.
      const given = make() as object;
      try {
        new DatabaseService(given);
      } catch (error) {
        expect(error).toMatchObject({ code: 'INVALID_OPTIONS' });
        expect(`${String(error)} ${inspect(error)}`).not.toContain(marker);
        // The factory is called only with invalid options: with valid ones, it would open a database.
        await expectError('INVALID_OPTIONS', () => DatabaseServiceFactory.getInstance(given));
      }
      expectUnpolluted();
    });
    await fc.assert(property, { numRuns: runs });
  });

  testOn(
    'sqlite',
    'resetDatabase resets the file that getInstance has opened, even if the options change later',
    async () => {
      const directory = temporaryDirectory();
      const [opened, other] = [join(directory, 'opened.sqlite'), join(directory, 'other.sqlite')];
      writeFileSync(other, 'precious');
      for (const change of [true, false]) {
        let reads = 0;
        const changing = { get url() { reads += 1; return `file:${reads === 1 ? opened : other}`; } }; // prettier-ignore
        const given: DatabaseOptions = change ? { url: `file:${opened}` } : changing;
        await DatabaseServiceFactory.getInstance(given);
        if (change) given.url = `file:${other}`;
        expect(existsSync(opened)).toBe(true);
        await DatabaseServiceFactory.resetDatabase();
        expect([existsSync(opened), existsSync(other)]).toEqual([false, true]);
      }
      const error = await expectError(
        'INVALID_OPTIONS',
        () =>
      DatabaseServiceFactory.getInstance({ get url(): string { return throwMine(); } }), // prettier-ignore
      );
      expect(driverErrorOf(error)).toEqual(new Error('mine'));
    },
  );
});

test.each<[string, () => unknown]>([
  ['throws', throwMine],
  ['returns a bigint', () => 5n],
  ['returns a symbol', () => Symbol('now')],
  ['returns an object whose conversion throws', () => hostileObjects['a conversion that throws']?.()],
  ['returns NaN', () => NaN],
  ['returns Infinity', () => Infinity],
  ['returns a time after the year 9999', () => 8.64e15],
  ['returns a time before the year 1', () => -8.64e15],
])('a write fails with INVALID_OPTIONS and changes nothing when the clock %s', async (_, now) => {
  let isHostile = false;
  const database = await openTestDatabase({ now: () => (isHostile ? (now() as number) : 1_800_000_000_000) });
  const certificateId = await createCertificate(database.db);
  isHostile = true;
  const create = () => database.db.createAgent(agentInput({ certificateId }));
  expect(await expectRefused(database, 'INVALID_OPTIONS', create)).toMatchObject({ field: 'now' });
});

describe('followChanges', () => {
  test.each<[string, object]>([
    ['has no function addEventListener', { addEventListener: 1 }],
    ['calls its listener at once', { addEventListener: (_: string, end: () => void) => end() }],
  ])('followChanges waits between its reads when the signal %s', async (_, signal) => {
    const { db } = await openTestDatabase();
    let reads = 0;
    Object.defineProperty(signal, 'aborted', { get: () => ((reads += 1), false) });
    const pollMs = 50;
    const start = performance.now();
    // The follower ends when the database is closed.
    db.followChanges({ pollMs, signal: signal as AbortSignal })
      .next()
      .catch(() => undefined);
    await new Promise((done) => setTimeout(done, 3 * pollMs));
    // A poll reads the property a few times; a busy machine prolongs the pause. Polls without a pause read it thousands
    // of times.
    const polls = 1 + (performance.now() - start) / pollMs;
    expect(reads).toBeLessThan(10 * polls);
    expect(reads).toBeGreaterThan(0);
  });

  test('followChanges ends when the signal cannot be read', async () => {
    const { db } = await openTestDatabase();
    let reads = 0;
    const signal: object = { get aborted() { reads += 1; return throwMine(); }, addEventListener: () => 1 }; // prettier-ignore
    const follower = db.followChanges({ signal: signal as AbortSignal });
    expect(await follower.next()).toEqual({ done: true, value: undefined });
    expect(reads).toBe(1);
  });
});

describe('backup', () => {
  const shared = shareTestDatabase();

  test('backup refuses a hostile path and a hostile onProgress', async () => {
    // The folder does not exist: no call writes a file.
    const path = join(temporaryDirectory(), 'none', 'copy');
    for (const [what, make] of Object.entries(hostileObjects)) {
      await expectError('INVALID_INPUT', () => callUntyped(shared().db, 'backup', make()));
      const onProgress = make();
      const error: unknown = await callUntyped(shared().db, 'backup', path, { onProgress }).catch(
        (thrown: unknown) => thrown,
      );
      const otherwise = onPostgresql ? 'INVALID_OPTIONS' : 'UNAVAILABLE';
      const code = typeof onProgress === 'function' ? otherwise : 'INVALID_INPUT';
      expect([what, error]).toMatchObject([what, { name: 'DatabaseError', code }]);
    }
  });
});
