import { isDeepStrictEqual, inspect } from 'node:util';
import fc, { type Arbitrary } from 'fast-check';
import {
  DatabaseError,
  DatabaseService,
  DatabaseServiceFactory,
  isDatabaseError,
  isStale,
  type DatabaseErrorCode,
} from '../../src';
import { onPostgresql } from '../support/engine';
import { allRawRows } from '../support/raw-reader';
import { openTestDatabase, type TestDatabase } from '../support/test-database';
import { callMethod, databaseCalls, fillForCalls, publicCalls, type PublicCall } from '../support/public-calls';
import { anyValue, marker, pathsOf, replaced, type Hostile } from './hostile-values';

/** PROPERTY_RUNS sets how many calls are tried, PROPERTY_SEED repeats those of a failure. */
const runs = Number(process.env['PROPERTY_RUNS'] ?? (onPostgresql ? 150 : 500));
const { PROPERTY_SEED: seed } = process.env;
const parameters = { numRuns: runs, ...(seed === undefined ? {} : { seed: Number(seed) }) };

/** Codes with which a call may reject arbitrary input: never INTERNAL, and no fault of the database. */
const refusals: ReadonlySet<DatabaseErrorCode> = new Set([
  'INVALID_INPUT',
  'OUT_OF_RANGE',
  'ALREADY_EXISTS',
  'REFERENCE_NOT_FOUND',
  'STILL_REFERENCED',
  'INVALID_TRANSITION',
  'RESULT_TOO_LARGE',
  'CONFLICT',
]);

/** No call takes as long, whatever it is given. */
const longestMs = 20_000;

/** Every method that takes arguments, except `backup`, which writes files and has tests of its own. */
const calls = [...publicCalls, ...databaseCalls].filter(({ name, args }) => args().length > 0 && name !== 'backup');
const isOperation = (publicCall: PublicCall): boolean => !databaseCalls.includes(publicCall);

/** A call with arguments of which all, or one part, however deep, is anything. */
interface HostileCall extends Hostile {
  readonly publicCall: PublicCall;
  readonly make: () => readonly unknown[];
}

function hostileCall(calls: readonly PublicCall[]): Arbitrary<HostileCall> {
  return fc.constantFrom(...calls).chain((publicCall) => {
    const { name, args } = publicCall;
    const paths = pathsOf(args()).filter((path) => path.length > 0);
    const inPart = fc.tuple(fc.constantFrom(...paths), anyValue).map(([path, { what, make }]) => ({
      what: `${name}: ${path.join('.')}: ${what}`,
      make: () => replaced(args(), path, make()) as unknown[],
    }));
    const instead = fc.array(anyValue, { maxLength: 3 }).map((values) => ({
      what: `${name}: ${values.map(({ what }) => what).join(', ')}`,
      make: () => values.map(({ make }) => make()),
    }));
    return fc
      .oneof({ weight: 3, arbitrary: inPart }, { weight: 1, arbitrary: instead })
      .map((hostile) => ({ ...hostile, publicCall }));
  });
}

type Outcome = { readonly answer: unknown } | { readonly error: unknown };

/** Returns the outcome of a call, which must return a promise and must end. */
async function outcomeOf(make: () => unknown): Promise<Outcome> {
  const promise = make();
  expect(promise).toBeInstanceOf(Promise);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the call goes on for ever')), longestMs);
  });
  const settled = (promise as Promise<unknown>).then(
    (answer): Outcome => ({ answer }),
    (error: unknown): Outcome => ({ error }),
  );
  return Promise.race([settled, late]).finally(() => clearTimeout(timer));
}

function expectRefusal(error: unknown): void {
  if (!(error instanceof DatabaseError)) throw new Error(`no DatabaseError: ${inspect(error)}`);
  expect([...refusals]).toContain(error.code);
  expect(`${String(error)} ${JSON.stringify(error)} ${inspect(error)} ${error.field ?? ''}`).not.toContain(marker);
}

function expectUnpolluted(): void {
  expect(Reflect.ownKeys(Object.prototype).filter((key) => !standardKeys.has(key))).toEqual([]);
  expect(Reflect.get({}, 'polluted')).toBeUndefined();
}
const standardKeys = new Set(Reflect.ownKeys(Object.prototype));

const unhandled: unknown[] = [];
const noteUnhandled = (reason: unknown): void => void unhandled.push(reason);
beforeAll(() => void process.on('unhandledRejection', noteUnhandled));
afterAll(() => void process.off('unhandledRejection', noteUnhandled));

/** Makes calls, one after the other, each of which has to answer as it may, or to be refused and to change nothing. */
async function expectWellBehaved(
  database: TestDatabase,
  calls: readonly PublicCall[],
  make: (publicCall: PublicCall, args: readonly unknown[]) => unknown,
): Promise<void> {
  let rows = await allRawRows(database);
  let refused = 0;
  const property = fc.asyncProperty(hostileCall(calls), async ({ publicCall, make: makeArguments }) => {
    const args = makeArguments();
    const outcome = await outcomeOf(() => make(publicCall, args));
    const before = rows;
    rows = await allRawRows(database);
    expectUnpolluted();
    if ('error' in outcome) {
      refused += 1;
      // The error of a transaction's callback is the caller's own.
      if (publicCall.name !== 'transaction' || typeof args[0] !== 'function') expectRefusal(outcome.error);
    } else {
      expect(publicCall.isAnswer(outcome.answer)).toBe(true);
    }
    if ('error' in outcome || !publicCall.writes) expect(isDeepStrictEqual(rows, before)).toBe(true);
  });
  await fc.assert(property, parameters);
  await new Promise((done) => setImmediate(done));
  expect(unhandled).toEqual([]);
  expect(refused).toBeGreaterThan(runs / 4);
  expect(await database.db.check()).toMatchObject({ ok: true });
}

describe('Whatever it is given, a call answers as it may, or is refused and changes nothing', () => {
  test('of a database', async () => {
    const database = await openTestDatabase({ retry: false });
    await fillForCalls(database.db);
    await expectWellBehaved(database, calls, ({ name }, args) => callMethod(database.db, name, args));
  });

  test('of a database with a cache', async () => {
    const database = await openTestDatabase({ cache: {} });
    await fillForCalls(database.db);
    const cached = calls.filter(({ name }) => /get/i.test(name));
    await expectWellBehaved(database, cached, ({ name }, args) => callMethod(database.db, name, args));
  });

  test('of a transaction, which goes on', async () => {
    const database = await openTestDatabase({ retry: false });
    await fillForCalls(database.db);
    await expectWellBehaved(database, calls.filter(isOperation), async ({ name }, args) => {
      const outcome = await database.db.transaction(async (tx) => outcomeOf(() => callMethod(tx, name, args)));
      if ('error' in outcome) throw outcome.error;
      return outcome.answer;
    });
  });
});

describe('Options', () => {
  const right = (url: string) => ({
    url,
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
    logger: console,
    onEvent: () => undefined,
    now: () => 1,
    allowReset: false,
  });

  test('of any kind are taken, or refused as such, by the constructor and the factory alike', async () => {
    const options = right(onPostgresql ? 'postgresql://127.0.0.1:1/none' : ':memory:');
    const paths = pathsOf(options).filter((path) => path.length > 0 && path[0] !== 'logger');
    const any = fc.oneof(
      { weight: 1, arbitrary: anyValue },
      {
        weight: 4,
        arbitrary: fc.tuple(fc.constantFrom(...paths), anyValue).map(([path, { what, make }]) => ({
          what: `${path.join('.')}: ${what}`,
          make: () => replaced({ ...options, logger: undefined }, path, make()),
        })),
      },
    );
    const property = fc.asyncProperty(any, async ({ make }) => {
      const given = make();
      try {
        // What is not given by a compiler's leave is what this is about.
        new DatabaseService(given as object);
      } catch (error) {
        expect(error).toMatchObject({ code: 'INVALID_OPTIONS' });
        expect(`${String(error)} ${inspect(error)}`).not.toContain(marker);
        // Only what is refused: the factory would open the others.
        const outcome = await outcomeOf(() => DatabaseServiceFactory.getInstance(given as object));
        expect(outcome).toMatchObject({ error: { name: 'DatabaseError', code: 'INVALID_OPTIONS' } });
      }
      expectUnpolluted();
    });
    await fc.assert(property, parameters);
  });
});

test('What asks about any value answers', () => {
  const property = fc.property(anyValue, ({ make }) => {
    const value = make();
    expect(isDatabaseError(value)).toBe(false);
    expect(isStale(value as Parameters<typeof isStale>[0])).toBe(false);
  });
  fc.assert(property, parameters);
});
