import { DatabaseError, DatabaseService, type TransactionScope } from '../../src';
import { callUntyped, expectError } from '../support/expect-error';
import { certificateInput, createCertificate } from '../support/factories';
import { createSignal } from '../support/signal';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';
import { startWorkQueue } from '../support/work-queue';

/** Writes something, so that there is something to undo. */
async function writeInside(tx: TransactionScope): Promise<void> {
  await tx.createCertificate(certificateInput({ id: 'inside' }));
}

/** Answers every question that it is asked by throwing. */
function hostileProxy(): object {
  const refuse = (): never => {
    throw new Error('hostile');
  };
  const handler = Object.fromEntries(Object.getOwnPropertyNames(Reflect).map((trap) => [trap, refuse]));
  return new Proxy({}, handler);
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function circularError(): Error {
  const error = new Error('circular');
  error.cause = error;
  return error;
}

/** Error of a server for conflicting transactions: here of another database's server. */
function conflictOfAnotherServer(): Error {
  return Object.assign(new Error('could not serialize access'), { code: '40001', severity: 'ERROR' });
}

const databaseError = { code: 'CONFLICT', operation: 'x', message: 'm', retryable: true } as const;

const thrownValues: readonly (readonly [name: string, create: () => unknown])[] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['zero', () => 0],
  ['a symbol', () => Symbol('thrown')],
  ['a function', () => () => 1],
  ['a frozen error', () => Object.freeze(new Error('frozen'))],
  ['a frozen object without a prototype', () => Object.freeze(Object.create(null) as object)],
  ['an error that is its own cause', circularError],
  ['a hostile proxy', hostileProxy],
  ['a revoked proxy', revokedProxy],
  ['a frozen retryable error of this package', () => Object.freeze(new DatabaseError(databaseError))],
  ['a conflict of another server', conflictOfAnotherServer],
  ['an error with such a conflict as its cause', () => new Error('mine', { cause: conflictOfAnotherServer() })],
];

describe('the callback of a transaction', () => {
  const shared = shareTestDatabase();

  test.each(thrownValues)('runs once and changes nothing when it throws %s', async (_name, create) => {
    const { db } = shared();
    const thrown = create();
    for (const isAsync of [true, false]) {
      let runs = 0;
      const work = (): Promise<never> => {
        runs += 1;
        throw thrown;
      };
      const outcome = db.transaction(isAsync ? (tx) => writeInside(tx).then(work) : work);
      // In an object, as a promise would ask the value for a method `then`.
      const caught = await outcome.then(
        () => ({ value: 'no error' }),
        (value: unknown) => ({ value }),
      );
      expect(Object.is(caught.value, thrown)).toBe(true);
      expect(runs).toBe(1);
    }
    expect(await db.getCertificate('inside')).toBeNull();
    await db.transaction((tx) => tx.certificates.query({}));
  });

  test.each<[string, () => PromiseLike<string>]>([
    ['never calls back', () => ({ then: () => undefined as never })],
    [
      'throws when it is asked',
      () => ({
        then: () => {
          throw new Error('thenable');
        },
      }),
    ],
    ['calls back twice', () => ({ then: (give) => Promise.resolve([give?.('once'), give?.('twice')]) as never })],
  ])('may return a thenable that %s', async (name, create) => {
    const { db } = await openTestDatabase({ closeTimeoutMs: 20 });
    const outcome = callUntyped(db, 'transaction', create);
    const answer = outcome.catch((error: unknown) => error);
    if (name === 'never calls back') {
      await expectError('TIMEOUT', () => db.close());
      expect(await answer).toMatchObject({ code: 'NOT_INITIALIZED' });
    } else if (name === 'calls back twice') expect(await answer).toBe('once');
    else expect(await answer).toMatchObject({ message: 'thenable' });
  });

  test('may return undefined, null, a frozen object and a function as they are', async () => {
    const { db } = shared();
    for (const value of [undefined, null, Object.freeze({}), () => 1])
      expect(await db.transaction(() => value)).toBe(value);
  });

  test('commits its other changes when calls that it did not await fail', async () => {
    const { db } = await openTestDatabase();
    const failures: Promise<unknown>[] = [];
    await db.transaction((tx) => {
      failures.push(tx.createAgent({} as never).catch((error: unknown) => error));
      failures.push(tx.updateCertificateStatus('none', 'VALID'));
      failures.push(writeInside(tx));
    });
    expect(await Promise.all(failures)).toMatchObject([{ code: 'INVALID_INPUT' }, false, undefined]);
    expect(await db.getCertificate('inside')).not.toBeNull();
  });
});

describe('close', () => {
  test('rejects the promise of a transaction whose callback never ends, and of a transaction in the queue behind it', async () => {
    const { db } = await openTestDatabase({ closeTimeoutMs: 30 });
    const opened = createSignal();
    const outcomes = [
      db.transaction(async (tx) => {
        await writeInside(tx);
        opened.give();
        await new Promise(() => undefined);
      }),
    ];
    await opened.given;
    outcomes.push(db.transaction(() => new Promise<never>(() => undefined)));
    outcomes.push(db.transaction(() => new Promise<never>(() => undefined)));
    const settled = Promise.allSettled(outcomes);
    const error = await expectError('TIMEOUT', () => db.close());
    expect(error.message).toContain('3 calls were still in flight');
    for (const result of await settled) expect(result).toMatchObject({ reason: { code: 'NOT_INITIALIZED' } });
    await db.initialize();
    expect(await db.getCertificate('inside')).toBeNull();
    await createCertificate(db);
  });

  test('prevents a callback that it aborted from writing to the database that is opened next', async () => {
    const { db } = await openTestDatabase({ closeTimeoutMs: 0 });
    const opened = createSignal();
    const reopened = createSignal();
    const done = createSignal();
    const late: unknown[] = [];
    const outcome = db.transaction(async (tx) => {
      await writeInside(tx);
      opened.give();
      await reopened.given;
      late.push(await expectError('NOT_INITIALIZED', () => tx.createCertificate(certificateInput({ id: 'late' }))));
      late.push(await expectError('CONFLICT', () => createCertificate(db, { id: 'late' })));
      done.give();
    });
    const rejected = expectError('NOT_INITIALIZED', () => outcome);
    await opened.given;
    await expectError('TIMEOUT', () => db.close());
    await rejected;
    await db.initialize();
    reopened.give();
    await done.given;
    expect(late).toHaveLength(2);
    expect(await db.certificates.query({})).toEqual([]);
  });

  test('does not prevent the rollback of an idle transaction that a write waits for', async () => {
    const { db } = await openTestDatabase({ transactionIdleTimeoutMs: 100 });
    await createCertificate(db, { id: 'c' });
    const queue = startWorkQueue();
    const begun = createSignal();
    const outcome = db.transaction(async (tx) => {
      await tx.certificates.setMetadata('c', { by: 'first' });
      await queue.add(() => {
        const write = db.certificates.setMetadata('c', { by: 'queued' });
        begun.give();
        return write;
      });
    });
    const rejected = expectError('TIMEOUT', () => outcome);
    await begun.given;
    await db.close();
    await rejected;
    await db.initialize();
    expect((await db.getCertificate('c'))?.metadata).toEqual({ by: 'queued' });
  });
});

describe('concurrent transactions of two services', () => {
  test('are distinguished by their callbacks, whichever callback makes a call', async () => {
    const { db, options } = await openTestDatabase();
    const { db: other } = await openTestDatabase();
    await using twin = new DatabaseService(options);
    await twin.initialize();
    await db.transaction(async (tx) => {
      await writeInside(tx);
      await other.transaction(async (otherTx) => {
        await otherTx.createCertificate(certificateInput({ id: 'other' }));
        await expectError('CONFLICT', () => createCertificate(db));
        await expectError('CONFLICT', () => createCertificate(other));
        await tx.createCertificate(certificateInput({ id: 'from within' }));
      });
      await createCertificate(other, { id: 'beside' });
      // Of another service on the same database: nothing keeps it from trying.
      expect(await twin.getCertificate('inside')).toBeNull();
    });
    expect((await db.certificates.query({ orderBy: 'id' })).map(({ id }) => id)).toEqual(['from within', 'inside']);
    expect((await other.certificates.query({ orderBy: 'id' })).map(({ id }) => id)).toEqual(['beside', 'other']);
  });
});
