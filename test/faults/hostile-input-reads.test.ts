import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { DatabaseServiceFactory, driverErrorOf, type AgentInput, type DatabaseOptions } from '../../src';
import { engine } from '../support/engine';
import { callUntyped, expectError, expectRefused } from '../support/expect-error';
import { agentInput, createAgent, createCertificate } from '../support/factories';
import { allRawRows } from '../support/raw-reader';
import { describeOn } from '../support/skip';
import { openTestDatabase, shareTestDatabase, temporaryDirectory } from '../support/test-database';
import { callMethod, databaseCalls, fillForCalls, publicCalls } from '../support/public-calls';
import { hostileObjects, pathsOf, replaced, type Path } from './hostile-values';

const calls = [...publicCalls, ...databaseCalls].filter(
  ({ name, args }) => args().length > 0 && !['transaction', 'backup'].includes(name),
);
const titled = calls.map((publicCall, index) => [`${publicCall.name} (${index})`, publicCall] as const);

// With `collect` it answers with what each agent was refused for.
const throwing = titled.filter(([, { args }]) => !JSON.stringify(args()).includes('collect'));

/** A copy of `value` that notes each read of a field of it, however deep. */
function watched(value: unknown, note: (path: string) => void, path = ''): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date || value instanceof AbortSignal)
    return value;
  const copy: object = Array.isArray(value) ? [] : {};
  for (const [key, element] of Object.entries(value)) Reflect.set(copy, key, watched(element, note, `${path}.${key}`));
  return new Proxy(copy, {
    get: (target, key, receiver) => {
      if (typeof key === 'string') note(`${path}.${key}`);
      return Reflect.get(target, key, receiver) as unknown;
    },
  });
}

/** `args` with a getter at `path`. */
function withGetter(args: readonly unknown[], path: Path, get: () => unknown): readonly unknown[] {
  const [holder, key] = [path.slice(0, -1), path.at(-1) ?? ''];
  const held = holder.reduce<unknown>((value, step) => Reflect.get(Object(value) as object, step), args);
  const copy: object = Array.isArray(held) ? [...(held as unknown[])] : { ...(Object(held) as object) };
  Object.defineProperty(copy, key, { get, enumerable: true });
  return replaced(args, holder, copy) as unknown[];
}

describe('What a caller gives', () => {
  const shared = shareTestDatabase({ retry: false }, ({ db }) => fillForCalls(db));

  test.each(titled)('to %s is read once, so that what was checked is what is used', async (_, { name, args }) => {
    const reads = new Map<string, number>();
    const note = (path: string): void => void reads.set(path, (reads.get(path) ?? 0) + 1);
    const given = args().map((argument, index) => watched(argument, note, String(index)));
    // What is stored may stand against a change, which was read all the same.
    await Promise.resolve(callMethod(shared().db, name, given)).catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'CONFLICT' });
    });
    expect(reads.size).toBeGreaterThanOrEqual(pathsOf(args()).filter(({ length }) => length === 2).length);
    expect([...reads].filter(([, count]) => count > 1)).toEqual([]);
  });

  test.each(throwing)('to %s may throw: that is the caller’s mistake', async (_, { name, args }) => {
    const before = await allRawRows(shared());
    for (const path of pathsOf(args()).filter(({ length }) => length > 1)) {
      const reason = new Error('mine');
      const given = withGetter(args(), path, () => {
        throw reason;
      });
      const error = await expectError('INVALID_INPUT', () => callMethod(shared().db, name, given));
      expect(driverErrorOf(error)).toBe(reason);
      expect(error.message).toMatch(/cannot be read: a getter or a proxy threw an error$/);
    }
    expect(await allRawRows(shared())).toEqual(before);
  });

  test('may throw for some of many agents: the others are registered', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const right = agentInput({ certificateId });
    const reason = new Error('mine');
    const refuse = (): never => {
      throw reason;
    };
    const wrong = Object.defineProperty({ ...right }, 'id', { get: refuse, enumerable: true });
    const results = await db.agents.createMany([right, wrong, right], { onError: 'collect' });
    expect(results.map(({ ok }) => ok)).toEqual([true, false, true]);
    const errors = results.flatMap((result) => (result.ok ? [] : [result.error]));
    expect(errors).toMatchObject([{ code: 'INVALID_INPUT' }]);
    expect(errors.map(driverErrorOf)).toEqual([reason]);
    expect(await db.agents.count()).toBe(2);
  });

  test.each(Object.keys(hostileObjects))('may be %s, and the error that it ends in can be printed', async (what) => {
    const make = hostileObjects[what];
    for (const name of ['agents.create', 'agents.createMany', 'agents.getMany', 'events.recordMany']) {
      const given = make?.();
      await Promise.resolve(callMethod(shared().db, name, [given])).catch((error: unknown) => {
        expect(`${inspect(error)} ${JSON.stringify(error)} ${String(error)}`).toContain('DatabaseError');
      });
    }
  });
});

describe('A backup', () => {
  const shared = shareTestDatabase();

  test.each(Object.keys(hostileObjects))('is not made where the path, or the options, are %s', async (what) => {
    const { db } = shared();
    // Of a path in no folder that there is, nothing could come.
    const path = join(temporaryDirectory(), 'none', 'copy');
    await expectError('INVALID_INPUT', () => callUntyped(db, 'backup', hostileObjects[what]?.()));
    const options = { onProgress: hostileObjects[what]?.() };
    const error: unknown = await callUntyped(db, 'backup', path, options).catch((thrown: unknown) => thrown);
    const isFunction = typeof options.onProgress === 'function';
    const otherwise = engine === 'sqlite' ? 'UNAVAILABLE' : 'INVALID_OPTIONS';
    expect(error).toMatchObject({ name: 'DatabaseError', code: isFunction ? otherwise : 'INVALID_INPUT' });
  });
});

describe('A value that is another the second time', () => {
  const shared = shareTestDatabase({ retry: false });

  function first<T>(value: T, later: unknown): { readonly get: () => T; readonly enumerable: true } {
    let reads = 0;
    // What comes later is what no compiler would let through.
    return { enumerable: true, get: () => (reads++ === 0 ? value : (later as T)) };
  }

  test.each<[string, keyof AgentInput, unknown, unknown]>([
    ['a name', 'name', 'first', ''],
    ['an owner', 'owner', 'first', 5],
    ['a status', 'status', 'SUSPENDED', 'REVOKED'],
    ['capabilities', 'capabilities', ['a'], ['\0']],
    ['a time', 'expiresAt', new Date(0), 'never'],
  ])('is kept as it was checked: %s', async (_, field, value, later) => {
    const { db } = shared();
    const agent = agentInput({ certificateId: await createCertificate(db) });
    const id = await db.createAgent(Object.defineProperty(agent, field, first(value, later)));
    expect((await db.getAgent(id))?.[field]).toEqual(value);
  });

  test('leaves no unique name that is none any more', async () => {
    const { db } = shared();
    const certificateId = await createCertificate(db);
    const unique = 'owner-name-version';
    const names = { name: 'before', owner: 'unique', version: '1.0.0' };
    const id = await db.createAgent(agentInput({ certificateId, ...names }), { unique });
    await db.updateAgent(Object.defineProperty({ id }, 'name', first('after', undefined)));
    expect(await db.getAgent(id)).toMatchObject({ name: 'after' });
    // Nobody has the name any longer.
    await db.createAgent(agentInput({ certificateId, ...names }), { unique });
    expect(await db.check()).toMatchObject({ ok: true });
  });

  test('gives no page a limit of its own', async () => {
    const { db } = shared();
    for (const field of ['limit', 'offset']) {
      const query = Object.defineProperty({}, field, first(1, undefined));
      await expectError('INVALID_INPUT', () => db.agents.page(query));
      await expectError('INVALID_INPUT', () => db.events.page(Object.defineProperty({}, field, first(1, undefined))));
    }
  });

  test('is no matter where a Date has methods of its own', async () => {
    const { db } = shared();
    for (const answer of ['never', 0.5, 1e300, null]) {
      const expiresAt = Object.assign(new Date('2030-01-01'), { getTime: () => answer, valueOf: () => answer });
      const id = await createAgent(db, { expiresAt: expiresAt });
      expect((await db.getAgent(id))?.expiresAt).toEqual(new Date('2030-01-01'));
    }
    expect(await db.check()).toMatchObject({ ok: true });
  });
});

describe('What runs the caller’s code', () => {
  test.each(Object.keys(hostileObjects))('rethrows %s that a transaction has thrown, unchanged', async (what) => {
    const { db } = await openTestDatabase();
    const thrown = hostileObjects[what]?.();
    const work = (): never => {
      throw thrown;
    };
    const caught = await db.transaction(work).then(
      () => ({ error: undefined }),
      (error: unknown) => ({ error }),
    );
    expect(caught.error === thrown).toBe(true);
    expect(await db.agents.count()).toBe(0);
  });

  test.each<[string, () => unknown]>([
    ['throws', () => { throw new Error('mine'); }], // prettier-ignore
    ['gives a bigint', () => 5n],
    ['gives a symbol', () => Symbol('now')],
    ['gives what cannot be converted', hostileObjects['a conversion that throws'] ?? (() => undefined)],
    ['gives NaN', () => NaN],
  ])('refuses a clock that %s', async (_, now) => {
    let isOdd = false;
    const clock = (): number => (isOdd ? (now() as number) : Date.now());
    const database = await openTestDatabase({ now: clock });
    const certificateId = await createCertificate(database.db);
    isOdd = true;
    await expectRefused(database, 'INVALID_OPTIONS', () => database.db.createAgent(agentInput({ certificateId })));
  });

  test.each<[string, object]>([
    ['that cannot be listened to', { aborted: false, addEventListener: 1 }],
    ['that ends at once, and does not', { aborted: false, addEventListener: (_: string, end: () => void) => end() }],
  ])('is not kept busy by a signal %s', async (_, signal) => {
    const { db, statementsOf } = await openTestDatabase();
    const statements = await statementsOf(async () => {
      // It goes on until the database is closed.
      db.followChanges({ pollMs: 50, signal: signal as AbortSignal })
        .next()
        .catch(() => undefined);
      await new Promise((done) => setTimeout(done, 200));
    });
    expect(statements.length).toBeLessThan(10);
  });

  test('is not followed by a signal that cannot be asked', async () => {
    const { db } = await openTestDatabase();
    let reads = 0;
    const signal: object = { get aborted(): boolean { reads += 1; throw new Error('mine'); }, addEventListener: () => 1 }; // prettier-ignore
    const follower = db.followChanges({ signal: signal as AbortSignal });
    expect(await follower.next()).toEqual({ done: true, value: undefined });
    expect(reads).toBe(1);
  });
});

describeOn('sqlite', 'The factory', () => {
  test('removes the file that it has opened, whatever the options say later', async () => {
    const directory = temporaryDirectory();
    const [opened, other] = [join(directory, 'opened.sqlite'), join(directory, 'other.sqlite')];
    writeFileSync(other, 'precious');
    for (const change of [true, false]) {
      let reads = 0;
      const changing = { get url() { reads += 1; return `file:${reads === 1 ? opened : other}`; } }; // prettier-ignore
      const options: DatabaseOptions = change ? { url: `file:${opened}` } : changing;
      await DatabaseServiceFactory.getInstance(options);
      if (change) options.url = `file:${other}`;
      expect(existsSync(opened)).toBe(true);
      await DatabaseServiceFactory.resetDatabase();
      expect([existsSync(opened), existsSync(other)]).toEqual([false, true]);
    }
  });

  test('refuses options that throw', async () => {
    const reason = new Error('mine');
    const options = { get url(): string { throw reason; } }; // prettier-ignore
    const error = await expectError('INVALID_OPTIONS', () => DatabaseServiceFactory.getInstance(options));
    expect(driverErrorOf(error)).toBe(reason);
  });
});
