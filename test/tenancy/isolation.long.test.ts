import type { DatabaseService, OwnerTransactionScope } from '../../src';
import { callMethod } from '../support/public-calls';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';
import { callsOf, ownOwner, scopedNames, type ScopedCall } from './isolated-calls';
import { resetOwners, rowsOfOwners } from './isolated-owners';

type Work = (scope: OwnerTransactionScope) => Promise<unknown>;

/** Ways to get a scope. */
const ways: readonly (readonly [string, (db: DatabaseService, work: Work) => Promise<unknown>])[] = [
  ['db.forOwner', (db, work) => work(db.forOwner(ownOwner))],
  ['scope.transaction', (db, work) => db.forOwner(ownOwner).transaction(work)],
  ['tx.forOwner', (db, work) => db.transaction((tx) => work(tx.forOwner(ownOwner)))],
];

const start = Date.UTC(2026, 10, 20);

describe.each(ways)('a scope of %s, on a database with two owners', (way, run) => {
  let clock = start;
  const sharedTwo = shareTestDatabase({ now: () => clock });
  const sharedAlone = shareTestDatabase({ now: () => clock });

  const outcomeOf = async (db: DatabaseService, call: ScopedCall): Promise<unknown> => {
    try {
      return { result: await run(db, (scope) => resultOf(scope, call)) };
    } catch (error) {
      return JSON.parse(JSON.stringify(error, withErrors)) as unknown;
    }
  };

  test.each(scopedNames)(
    'an owner scope returns for %s what it returns when the database has no other owner',
    async (name) => {
      const [two, alone] = [sharedTwo(), sharedAlone()];
      const rows = async () => ({ two: await rowsOfOwners(two), alone: await rowsOfOwners(alone) });
      const reset = async () => {
        clock = start;
        await resetOwners(two.db, false);
        await resetOwners(alone.db, true);
        return rows();
      };
      const seen = new Set<string>();
      let before = await reset();
      expect(before.two.other['agents']).toHaveLength(before.two.own['agents']?.length ?? 0);
      expect(before.two.own).toEqual(before.alone.own);
      for (const calls of callsOf(name, way === 'db.forOwner')) {
        for (const call of calls) {
          clock += 1000;
          const outcome = await outcomeOf(two.db, call);
          seen.add(JSON.stringify(outcome));
          if (call.isTaken) {
            expect({ call, outcome: JSON.stringify(outcome) }).toMatchObject({
              outcome: expect.stringContaining('ALREADY_EXISTS') as unknown,
            });
          } else expect({ call, outcome }).toEqual({ call, outcome: await outcomeOf(alone.db, call) });
          if (!call.writes) continue;
          const after = await rows();
          expect({ call, rows: after.two.own }).toEqual({ call, rows: after.alone.own });
          expect({ call, rows: after.two.other }).toEqual({ call, rows: { ...before.two.other, changes: [] } });
        }
        const last = calls.at(-1);
        if (last?.writes === true) before = await reset();
      }
      // A method of which all results are equal would prove little.
      expect(seen.size).toBeGreaterThan(name === 'agents.expireDue' ? 0 : 1);
    },
  );
});

test('the tests of isolation call every method of an owner scope', async () => {
  const { db } = await openTestDatabase();
  const scope = db.forOwner(ownOwner);
  const methods = ['agents', 'certificates'].flatMap((service) =>
    Object.getOwnPropertyNames(Object.getPrototypeOf(Reflect.get(scope, service)))
      .filter((name) => name !== 'constructor')
      .map((name) => `${service}.${name}`),
  );
  expect([...methods, 'register', 'resolve', 'resolveMany'].sort()).toEqual([...scopedNames].sort());
});

async function resultOf(scope: OwnerTransactionScope, { name, args }: ScopedCall): Promise<unknown> {
  const result: unknown[] = [];
  if (name === 'agents.iterate') {
    // The cast is safe: the arguments are those of this method.
    const [query, options] = args as Parameters<OwnerTransactionScope['agents']['iterate']>;
    for await (const agent of scope.agents.iterate(query, options)) result.push(agent);
  } else {
    result.push(await callMethod(scope, name, args));
  }
  return JSON.parse(JSON.stringify(result, withErrors)) as unknown;
}

/** Shows the fields of errors in JSON. */
function withErrors(_: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const { code, entity, field, message, retryable } = value as Error & Record<string, unknown>;
  return { code, entity, field, message, retryable };
}
