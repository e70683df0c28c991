import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError, type TransactionScope } from '../../src';
import { callUntyped, expectError } from '../support/expect-error';
import { agentInput, certificateInput, eventInput } from '../support/factories';
import { hostileObjects } from '../limits/hostile-values';
import { rawCounts } from '../support/raw-reader';
import { testOn } from '../support/skip';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';

function createInside(tx: TransactionScope, id: string): Promise<string> {
  return tx.createCertificate(certificateInput({ id }));
}

/** Registers a certificate, an agent and an event through a transaction. */
async function registerAll(tx: TransactionScope): Promise<void> {
  const certificateId = await createInside(tx, 'inside');
  await tx.createAgent(agentInput({ id: 'a', certificateId, capabilities: ['read'], metadata: { key: 1 } }));
  await tx.recordSecurityEvent(eventInput({ id: 'e' }));
}

function circularError(): Error {
  const error = new Error('circular');
  error.cause = error;
  return error;
}

/** Returns the error with which the server of another database reports conflicting transactions. */
function conflictOfAnotherServer(): Error {
  return Object.assign(new Error('could not serialize access'), { code: '40001', severity: 'ERROR' });
}

const retryableError = (): DatabaseError =>
  new DatabaseError({ code: 'CONFLICT', operation: 'x', message: 'm', retryable: true });

const thrownValues: readonly (readonly [name: string, create: () => unknown])[] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['zero', () => 0],
  ['a text', () => 'text'],
  ['a symbol', () => Symbol('thrown')],
  ['a function', () => () => 1],
  ['an object', () => ({ any: 'object' })],
  ['an error', () => new Error('mine')],
  ['a frozen error', () => Object.freeze(new Error('frozen'))],
  ['a frozen object without a prototype', () => Object.freeze(Object.create(null) as object)],
  ['an error that is its own cause', circularError],
  ...Object.entries(hostileObjects).filter(([name]) => ['a proxy that throws', 'a revoked proxy'].includes(name)),
  ['a retryable error of this package', retryableError],
  ['a frozen retryable error of this package', () => Object.freeze(retryableError())],
  ['a conflict of another server', conflictOfAnotherServer],
  ['an error with such a conflict as its cause', () => new Error('mine', { cause: conflictOfAnotherServer() })],
];

describe('db.transaction', () => {
  const shared = shareTestDatabase();

  test('db.transaction commits all changes and returns the result of the callback', async () => {
    const database = await openTestDatabase();
    const result = { any: 'value' };
    expect(await database.db.transaction((tx) => registerAll(tx).then(() => result))).toBe(result);
    const expected = { agents: 1, certificates: 1, security_events: 1, capabilities: 1 };
    expect(await rawCounts(database)).toMatchObject(expected);
  });

  test.each(thrownValues)(
    'db.transaction runs the callback once and changes nothing when it throws %s',
    async (_name, create) => {
      const { db } = shared();
      const thrown = create();
      const before = await rawCounts(shared());
      for (const isAsync of [true, false]) {
        let runs = 0;
        const fail = (): never => {
          runs += 1;
          throw thrown;
        };
        const outcome = db.transaction(isAsync ? (tx) => registerAll(tx).then(fail) : fail);
        // In an object, because a promise would read the property `then` of the value.
        const caught = await outcome.then(
          () => ({ value: 'no error' }),
          (value: unknown) => ({ value }),
        );
        expect(Object.is(caught.value, thrown)).toBe(true);
        expect(runs).toBe(1);
      }
      expect(await rawCounts(shared())).toEqual(before);
      await db.transaction((tx) => tx.certificates.query({}));
    },
  );

  test('db.transaction returns undefined, null, a frozen object and a function of a synchronous callback unchanged', async () => {
    for (const value of [undefined, null, Object.freeze({}), () => 1])
      expect(await shared().db.transaction(() => value)).toBe(value);
  });

  const failing = (): never => {
    throw new Error('thenable');
  };

  // The casts are safe: the transaction ignores what these methods return.
  test.each<[string, () => PromiseLike<string>]>([
    ['never settles', () => ({ then: () => undefined as never })],
    ['throws when its then method is called', () => ({ then: failing })],
    ['settles twice', () => ({ then: (give) => Promise.resolve([give?.('once'), give?.('twice')]) as never })],
  ])('db.transaction handles a callback that returns a thenable that %s', async (name, create) => {
    const { db } = await openTestDatabase({ closeTimeoutMs: 20 });
    const answer = callUntyped(db, 'transaction', create).catch((error: unknown) => error);
    if (name === 'never settles') {
      await expectError('TIMEOUT', () => db.close());
      expect(await answer).toMatchObject({ code: 'NOT_INITIALIZED' });
    } else if (name === 'settles twice') expect(await answer).toBe('once');
    else expect(await answer).toMatchObject({ message: 'thenable' });
  });

  test('db.transaction rethrows the error of a call inside it unchanged', async () => {
    let first: unknown;
    const outcome = shared().db.transaction(async (tx) => {
      await tx.createAgent(agentInput({ certificateId: 'nothing' })).catch((error: unknown) => (first = error));
      throw first;
    });
    expect(await expectError('REFERENCE_NOT_FOUND', () => outcome)).toBe(first);
  });

  test('a call in db.transaction reads the changes of the transaction', async () => {
    const { db } = await openTestDatabase();
    await db.transaction(async (tx) => {
      await registerAll(tx);
      expect(await tx.getAgent('a')).toMatchObject({ capabilities: ['read'] });
      expect(await tx.queryAgents({ capabilities: ['read'] })).toHaveLength(1);
      expect(await tx.updateCertificateStatus('inside', 'REVOKED')).toBe(true);
      expect(await tx.getCertificate('inside')).toMatchObject({ status: 'REVOKED' });
      expect(await tx.querySecurityEvents()).toMatchObject([{ id: 'e' }]);
    });
    expect(await db.getCertificate('inside')).toMatchObject({ status: 'REVOKED' });
  });

  testOn('sqlite', 'db.transaction runs transactions one after another in the order of the calls', async () => {
    const { db } = await openTestDatabase();
    const steps: string[] = [];
    const run = (name: string) =>
      db.transaction(async (tx) => {
        steps.push(`${name} begins`);
        await createInside(tx, name);
        await sleep(10);
        await tx.getCertificate(name);
        steps.push(`${name} ends`);
      });
    await Promise.all([run('a'), run('b'), run('c')]);
    expect(steps).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });
});
