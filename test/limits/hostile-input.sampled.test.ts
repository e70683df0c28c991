import { isDeepStrictEqual, inspect } from 'node:util';
import fc, { type Arbitrary } from 'fast-check';
import { DatabaseError, driverErrorOf, isDatabaseError, isStale, type DatabaseErrorCode } from '../../src';
import { onPostgresql } from '../support/engine';
import { expectError } from '../support/expect-error';
import { agentInput, createAgent, createCertificate } from '../support/factories';
import { callMethod, databaseCalls, fillForCalls, publicCalls, type PublicCall } from '../support/public-calls';
import { allRawRows } from '../support/raw-reader';
import { isLongRun, sampled } from '../support/sampled';
import { openTestDatabase, shareTestDatabase, type TestDatabase } from '../support/test-database';
import { anyValue, expectUnpolluted, hostileObjects, marker, pathsOf, replaced, type Hostile } from './hostile-values';

/** PROPERTY_RUNS sets the number of calls, PROPERTY_SEED repeats a failed run. */
const { PROPERTY_RUNS = isLongRun ? (onPostgresql ? 150 : 500) : 20, PROPERTY_SEED } = process.env;
const runs = Number(PROPERTY_RUNS);
const parameters = { numRuns: runs, ...(PROPERTY_SEED === undefined ? {} : { seed: Number(PROPERTY_SEED) }) };

/** Codes with which a call may refuse input: not INTERNAL, and no failure of the database. */
const refusals: ReadonlySet<DatabaseErrorCode> = new Set([
  ...(['INVALID_INPUT', 'OUT_OF_RANGE', 'ALREADY_EXISTS', 'REFERENCE_NOT_FOUND', 'STILL_REFERENCED'] as const),
  ...(['INVALID_TRANSITION', 'RESULT_TOO_LARGE', 'CONFLICT'] as const),
]);

/** Maximum time of a call. */
const longestMs = 20_000;

/** Every method with arguments but `backup`, which writes files. */
const calls = [...publicCalls, ...databaseCalls].filter(({ name, args }) => args().length > 0 && name !== 'backup');
const operations = calls.filter((publicCall) => !databaseCalls.includes(publicCall));
const named = calls.filter(({ name }) => name !== 'transaction').map((call) => [call.name, call] as const);

interface HostileCall extends Hostile {
  readonly publicCall: PublicCall;
  readonly make: () => readonly unknown[];
}

/** Generates calls in which any values replace one part of the arguments, or all arguments. */
function hostileCall(calls: readonly PublicCall[]): Arbitrary<HostileCall> {
  return fc.constantFrom(...calls).chain((publicCall) => {
    const { name, args } = publicCall;
    const paths = pathsOf(args()).filter((path) => path.length > 0);
    const inPart = fc.tuple(fc.constantFrom(...paths), anyValue).map(([path, { what, make }]) => ({
      what: `${name}: ${path.join('.')}: ${what}`,
      make: () => replaced(args(), path, { value: make() }) as unknown[],
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

/** Returns the outcome of a call, which must return a promise that settles. */
async function outcomeOf(make: () => unknown): Promise<Outcome> {
  const promise = make();
  expect(promise).toBeInstanceOf(Promise);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the call does not end')), longestMs);
  });
  const settled = (promise as Promise<unknown>).then(
    (answer): Outcome => ({ answer }),
    (error: unknown): Outcome => ({ error }),
  );
  return Promise.race([settled, late]).finally(() => clearTimeout(timer));
}

/** Expects a valid answer, or a refusal that can be printed and whose text contains no value. */
function expectAnswerOrRefusal(outcome: Outcome, { isAnswer }: PublicCall): void {
  if ('answer' in outcome) {
    expect(isAnswer(outcome.answer)).toBe(true);
    return;
  }
  const { error } = outcome;
  if (!(error instanceof DatabaseError)) throw new Error(`not a DatabaseError: ${inspect(error)}`);
  expect([...refusals]).toContain(error.code);
  expect(`${String(error)} ${JSON.stringify(error)} ${inspect(error)} ${error.field ?? ''}`).not.toContain(marker);
}

const unhandled: unknown[] = [];
const addUnhandled = (reason: unknown): void => void unhandled.push(reason);
beforeAll(() => void process.on('unhandledRejection', addUnhandled));
afterAll(() => void process.off('unhandledRejection', addUnhandled));

/** Makes calls one after the other: each answers or is refused, and a refusal changes no row. */
async function expectWellBehaved(
  database: TestDatabase,
  calls: readonly PublicCall[],
  make: (publicCall: PublicCall, args: readonly unknown[]) => unknown,
): Promise<void> {
  await fillForCalls(database.db);
  let rows = await allRawRows(database);
  let refused = 0;
  const property = fc.asyncProperty(hostileCall(calls), async ({ publicCall, make: makeArguments }) => {
    const args = makeArguments();
    const outcome = await outcomeOf(() => make(publicCall, args));
    const before = rows;
    rows = await allRawRows(database);
    expectUnpolluted();
    if ('error' in outcome) refused += 1;
    // A transaction rejects with whatever its callback throws.
    if ('answer' in outcome || publicCall.name !== 'transaction' || typeof args[0] !== 'function')
      expectAnswerOrRefusal(outcome, publicCall);
    if ('error' in outcome || !publicCall.writes) expect(isDeepStrictEqual(rows, before)).toBe(true);
  });
  await fc.assert(property, parameters);
  await new Promise((done) => setImmediate(done));
  expect(unhandled).toEqual([]);
  expect(refused).toBeGreaterThan(runs / 4);
  expect(await database.db.check()).toMatchObject({ ok: true });
}

describe('A call with any arguments', () => {
  test('a call with any arguments returns a valid result, or rejects and changes no row', async () => {
    const database = await openTestDatabase({ retry: false });
    await expectWellBehaved(database, calls, ({ name }, args) => callMethod(database.db, name, args));
  });

  test('a get method of a database with a cache returns a valid result or rejects for any arguments', async () => {
    const database = await openTestDatabase({ cache: {} });
    const cached = calls.filter(({ name }) => /get/i.test(name));
    await expectWellBehaved(database, cached, ({ name }, args) => callMethod(database.db, name, args));
  });

  test('a call with any arguments in a transaction returns a valid result or rejects, and the transaction continues', async () => {
    const database = await openTestDatabase({ retry: false });
    await expectWellBehaved(database, operations, async ({ name }, args) => {
      const outcome = await database.db.transaction(async (tx) => outcomeOf(() => callMethod(tx, name, args)));
      if ('error' in outcome) throw outcome.error;
      return outcome.answer;
    });
  });
});

describe('The arguments of a call', () => {
  const shared = shareTestDatabase({ retry: false }, ({ db }) => fillForCalls(db));

  test.each(sampled(named, 4))('a hostile object as the first argument is accepted or refused: %s', async (_, call) => {
    for (const make of Object.values(hostileObjects)) {
      const first = make();
      expectAnswerOrRefusal(await outcomeOf(() => callMethod(shared().db, call.name, [first])), call);
    }
  });

  /** Returns a copy of `value` that reports each read of one of its fields. */
  function watched(value: unknown, onRead: (path: string) => void, path = ''): unknown {
    if (typeof value !== 'object' || value === null || value instanceof Date || value instanceof AbortSignal)
      return value;
    const copy: object = Array.isArray(value) ? [] : {};
    for (const [key, element] of Object.entries(value))
      Reflect.set(copy, key, watched(element, onRead, `${path}.${key}`));
    return new Proxy(copy, {
      get: (target, key, receiver) => {
        if (typeof key === 'string') onRead(`${path}.${key}`);
        return Reflect.get(target, key, receiver) as unknown;
      },
    });
  }

  test.each(sampled(named, 2))(
    'a call reads its arguments once, so that it uses the values that it has validated: %s',
    async (_, { name, args }) => {
      const reads = new Map<string, number>();
      const count = (path: string): void => void reads.set(path, (reads.get(path) ?? 0) + 1);
      const given = args().map((argument, index) => watched(argument, count, String(index)));
      // The stored records may not allow the change, but its arguments were read before it failed.
      await Promise.resolve(callMethod(shared().db, name, given)).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'CONFLICT' });
      });
      expect(reads.size).toBeGreaterThanOrEqual(pathsOf(args()).filter(({ length }) => length === 2).length);
      expect([...reads].filter(([, times]) => times > 1)).toEqual([]);
    },
  );

  // With `collect`, the errors are part of the answer.
  const throwing = named.filter(([, { args }]) => !JSON.stringify(args()).includes('collect'));

  test.each(sampled(throwing, 4))(
    'a call fails with INVALID_INPUT when a getter of an argument throws: %s',
    async (_, { name, args }) => {
      const before = await allRawRows(shared());
      for (const path of pathsOf(args()).filter(({ length }) => length > 1)) {
        const reason = new Error('mine');
        const get = (): never => {
          throw reason;
        };
        const given = replaced(args(), path, { get }) as unknown[];
        const error = await expectError('INVALID_INPUT', () => callMethod(shared().db, name, given));
        expect(driverErrorOf(error)).toBe(reason);
        expect(error.message).toMatch(/cannot be read: a getter or a proxy threw an error$/);
      }
      expect(await allRawRows(shared())).toEqual(before);
    },
  );

  test('createMany refuses only those agents whose getter or proxy throws', async () => {
    const { db } = await openTestDatabase();
    const right = agentInput({ certificateId: await createCertificate(db) });
    const reason = new Error('mine');
    const get = (): never => {
      throw reason;
    };
    const wrong = Object.defineProperty({ ...right }, 'id', { get, enumerable: true });
    const proxy = new Proxy(right, { ownKeys: get, get });
    const results = await db.agents.createMany([right, wrong, proxy, right], { onError: 'collect' });
    expect(results.map(({ ok }) => ok)).toEqual([true, false, false, true]);
    const errors = results.flatMap((result) => (result.ok ? [] : [result.error]));
    expect(errors).toMatchObject([{ code: 'INVALID_INPUT' }, { code: 'INVALID_INPUT' }]);
    expect(errors.map(driverErrorOf)).toEqual([reason, reason]);
    expect(await db.agents.count()).toBe(2);
  });

  test('page refuses limit and offset in its query, even if only the first read of the field returns a value', async () => {
    for (const page of ['agents.page', 'events.page']) {
      for (const field of ['limit', 'offset']) {
        let reads = 0;
        const query = Object.defineProperty({}, field, {
          get: () => (reads++ === 0 ? 1 : undefined),
          enumerable: true,
        });
        await expectError('INVALID_INPUT', () => callMethod(shared().db, page, [query]));
      }
    }
  });

  test('a call reads a list by index up to its length and does not call its iterator', async () => {
    const { db } = shared();
    const endless = <T>(element: T): T[] =>
      Object.assign([element], { *[Symbol.iterator]() { for (;;) yield element; } }); // prettier-ignore
    expect(await db.agents.getMany(endless('nobody'))).toEqual([null]);
    await db.agents.setMetadata('a', { list: endless(1) });
    expect((await db.getAgent('a'))?.metadata).toEqual({ list: [1] });
    const lying = new Proxy([1, 2], { get: (target, key) => (key === 'length' ? 3 : target[Number(key)]) });
    await expectError('INVALID_INPUT', () => db.agents.setMetadata('a', { lying: lying }));
  });

  test('a call reads a time from the internal value of the Date and does not call its methods', async () => {
    const { db } = shared();
    for (const answer of ['never', 0.5, 1e300, null]) {
      const expiresAt = Object.assign(new Date('2030-01-01'), { getTime: () => answer, valueOf: () => answer });
      const id = await createAgent(db, { expiresAt: expiresAt });
      expect((await db.getAgent(id))?.expiresAt).toEqual(new Date('2030-01-01'));
    }
    expect(await db.check()).toMatchObject({ ok: true });
  });
});

test('isDatabaseError and isStale return false for any value', () => {
  const property = fc.property(anyValue, ({ make }) => {
    const value = make();
    expect(isDatabaseError(value)).toBe(false);
    expect(isStale(value as Parameters<typeof isStale>[0])).toBe(false);
  });
  fc.assert(property, parameters);
});
