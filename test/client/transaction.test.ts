import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError, type TransactionScope } from '../../src';
import { callUntyped, expectError } from '../support/expect-error';
import { agentInput, certificateInput, createAgent, createCertificate, eventInput } from '../support/factories';
import { rawCounts, rawRows, rawValues } from '../support/raw-reader';
import { testOn } from '../support/skip';
import { openTestDatabase } from '../support/test-database';

/** Registers a certificate, an agent and an event through a transaction. */
async function registerAll(tx: TransactionScope, id: string): Promise<void> {
  const certificateId = await tx.createCertificate(certificateInput({ id: `certificate-${id}` }));
  await tx.createAgent(agentInput({ id, certificateId, capabilities: ['read'], metadata: { key: 1 } }));
  await tx.recordSecurityEvent(eventInput({ id: `event-${id}` }));
}

describe('A transaction', () => {
  test('keeps all that was done in it, and returns what its callback returns', async () => {
    const database = await openTestDatabase();
    const result = { any: 'value' };
    const returned = await database.db.transaction(async (tx) => {
      await registerAll(tx, 'a');
      return result;
    });
    expect(returned).toBe(result);
    expect(await rawCounts(database)).toMatchObject({
      agents: 1,
      certificates: 1,
      security_events: 1,
      capabilities: 1,
    });
  });

  test.each<[string, unknown]>([
    ['an error', new Error('mine')],
    ['an error of this package', new DatabaseError({ code: 'BUSY', operation: 'x', message: 'm', retryable: true })],
    ['an object', { any: 'object' }],
    ['a text', 'text'],
    ['undefined', undefined],
  ])('keeps nothing when its callback throws %s, which is rethrown as it is', async (_name, thrown) => {
    const database = await openTestDatabase();
    const before = await rawCounts(database);
    const outcome = database.db.transaction(async (tx) => {
      await registerAll(tx, 'a');
      await tx.updateCertificateStatus('certificate-a', 'SUSPENDED');
      throw thrown;
    });
    await expect(outcome.catch((error: unknown) => ({ error }))).resolves.toEqual({ error: thrown });
    const again = outcome.then(
      () => 'no error',
      (error: unknown) => error,
    );
    expect(await again).toBe(thrown);
    expect(await rawCounts(database)).toEqual(before);
  });

  test('keeps nothing when its callback throws before it returns a promise', async () => {
    const { db } = await openTestDatabase();
    const thrown = new Error('at once');
    const work = (): never => {
      throw thrown;
    };
    await expect(db.transaction(work)).rejects.toBe(thrown);
    await createCertificate(db);
  });

  test('takes a callback that is not asynchronous', async () => {
    const { db } = await openTestDatabase();
    expect(await db.transaction(() => 42)).toBe(42);
  });

  test('refuses what is no function', async () => {
    const { db } = await openTestDatabase();
    await expectError('INVALID_INPUT', () => callUntyped(db, 'transaction', undefined));
    await createCertificate(db);
  });

  test('throws the error of a call in it unchanged', async () => {
    const { db } = await openTestDatabase();
    let first: unknown;
    const outcome = db.transaction(async (tx) => {
      await tx.createAgent(agentInput({ certificateId: 'nothing' })).catch((error: unknown) => (first = error));
      throw first;
    });
    expect(await expectError('REFERENCE_NOT_FOUND', () => outcome)).toBe(first);
  });

  test('undoes updates and deletes too', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const id = await createAgent(db, { capabilities: ['read'], endpoints: [{ protocol: 'p', address: 'a', port: 1 }] });
    const before = [await db.getAgent(id), await rawRows(database, 'agents'), await rawRows(database, 'endpoints')];
    const outcome = db.transaction(async (tx) => {
      expect(await tx.updateAgent({ id, name: 'changed', endpoints: [], capabilities: [] })).toBe(true);
      expect(await tx.deleteAgent(id)).toBe(true);
      expect(await tx.getAgent(id)).toBeNull();
      throw new Error('undo');
    });
    await expect(outcome).rejects.toThrow('undo');
    expect([await db.getAgent(id), await rawRows(database, 'agents'), await rawRows(database, 'endpoints')]).toEqual(
      before,
    );
  });

  test('sees its own changes, in reads and in queries', async () => {
    const { db } = await openTestDatabase();
    await db.transaction(async (tx) => {
      await registerAll(tx, 'a');
      expect(await tx.getAgent('a')).toMatchObject({ capabilities: ['read'] });
      expect(await tx.queryAgents({ capabilities: ['read'] })).toHaveLength(1);
      expect(await tx.updateCertificateStatus('certificate-a', 'REVOKED')).toBe(true);
      expect(await tx.getCertificate('certificate-a')).toMatchObject({ status: 'REVOKED' });
      expect(await tx.querySecurityEvents()).toMatchObject([{ id: 'event-a' }]);
    });
    expect(await db.getCertificate('certificate-a')).toMatchObject({ status: 'REVOKED' });
  });

  test('is told of once, with how it ended', async () => {
    const { db, events } = await openTestDatabase();
    const outcomes = () => events.flatMap((event) => (event.type === 'transaction' ? [event.outcome] : []));
    await db.transaction((tx) => createInside(tx, 'a'));
    expect(outcomes()).toEqual(['commit']);
    await db.transaction(() => Promise.reject(new Error('x'))).catch(() => undefined);
    expect(outcomes()).toEqual(['commit', 'rollback']);
  });
});

describe('After a failure that was caught, the transaction', () => {
  test('keeps what was done before and after it, and nothing of what failed', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    const certificateId = await createCertificate(db);
    await db.transaction(async (tx) => {
      await tx.createAgent(agentInput({ id: 'before', certificateId }));
      const taken = agentInput({ id: 'before', certificateId, capabilities: ['lost'] });
      await expectError('ALREADY_EXISTS', () => tx.createAgent(taken));
      const orphan = agentInput({ id: 'orphan', certificateId: 'nothing', capabilities: ['lost'] });
      await expectError('REFERENCE_NOT_FOUND', () => tx.createAgent(orphan));
      await expectError('INVALID_INPUT', () => tx.createAgent(agentInput({ id: '', certificateId })));
      await tx.createAgent(agentInput({ id: 'after', certificateId }));
    });
    expect(await rawValues(database, 'agents', 'id')).toEqual(['after', 'before']);
    expect(await rawCounts(database)).toMatchObject({ capabilities: 0, agent_capabilities: 0 });
  });

  test('keeps nothing of a change that was refused only when most of it was written', async () => {
    const { db } = await openTestDatabase();
    const id = await createAgent(db, { status: 'REVOKED', capabilities: ['kept'], metadata: { kept: true } });
    const before = await db.getAgent(id);
    const change = { id, name: 'changed', capabilities: ['lost'], metadata: {} };
    await db.transaction(async (tx) => {
      await createInside(tx, 'before');
      await expectError('INVALID_INPUT', () => tx.updateAgent({ ...change, defaultEndpoint: 'nowhere' }));
      await expectError('INVALID_TRANSITION', () => tx.updateAgent({ ...change, status: 'ACTIVE' }));
      expect(await tx.getAgent(id)).toEqual(before);
      await createInside(tx, 'after');
    });
    expect(await db.getAgent(id)).toEqual(before);
    expect(await db.queryAgents({ capabilities: ['lost'] })).toEqual([]);
    expect(await db.getCertificate('before')).not.toBeNull();
    expect(await db.getCertificate('after')).not.toBeNull();
  });

  test('keeps the rest also where the failure was of a status', async () => {
    const { db } = await openTestDatabase();
    const id = await createCertificate(db, { status: 'REVOKED' });
    await db.transaction(async (tx) => {
      await createInside(tx, 'before');
      await expectError('INVALID_TRANSITION', () => tx.updateCertificateStatus(id, 'VALID'));
      await createInside(tx, 'after');
    });
    expect(await db.getCertificate('before')).not.toBeNull();
    expect(await db.getCertificate('after')).not.toBeNull();
  });
});

describe('Calls that the callback did not wait for', () => {
  test('are waited for, and part of the transaction', async () => {
    const { db } = await openTestDatabase();
    const late: Promise<unknown>[] = [];
    await db.transaction(async (tx) => {
      await createInside(tx, 'a');
      late.push(createInside(tx, 'b'), tx.updateCertificateStatus('a', 'REVOKED'), createInside(tx, 'c'));
    });
    expect(await db.getCertificate('a')).toMatchObject({ status: 'REVOKED' });
    expect(await db.getCertificate('b')).not.toBeNull();
    expect(await db.getCertificate('c')).not.toBeNull();
    expect(await Promise.all(late)).toEqual(['b', true, 'c']);
  });

  test('are undone with it when the callback throws', async () => {
    const { db } = await openTestDatabase();
    const late: Promise<unknown>[] = [];
    const outcome = db.transaction((tx) => {
      late.push(createInside(tx, 'a'), createInside(tx, 'b'));
      throw new Error('undo');
    });
    await expect(outcome).rejects.toThrow('undo');
    expect(await Promise.all(late)).toEqual(['a', 'b']);
    expect(await db.getCertificate('a')).toBeNull();
    expect(await db.getCertificate('b')).toBeNull();
  });

  test('are all or nothing each, however they are mixed', async () => {
    const { db } = await openTestDatabase();
    await createCertificate(db, { id: 'revoked', status: 'REVOKED' });
    const outcomes = await db.transaction((tx) =>
      Promise.allSettled(
        Array.from({ length: 30 }, async (_, index) => {
          if (index % 3 === 0) return tx.updateCertificateStatus('revoked', 'VALID');
          return createInside(tx, `c${index % 3 === 1 ? index : index - 1}`);
        }),
      ),
    );
    const codes = outcomes.map((outcome) => (outcome.status === 'rejected' ? codeOf(outcome.reason) : 'ok'));
    const expected = Array.from({ length: 30 }, (_, index) => {
      return index % 3 === 0 ? 'INVALID_TRANSITION' : index % 3 === 1 ? 'ok' : 'ALREADY_EXISTS';
    });
    expect(codes).toEqual(expected);
    for (let index = 1; index < 30; index += 3) expect(await db.getCertificate(`c${index}`)).not.toBeNull();
  });
});

describe('Transactions', () => {
  testOn('sqlite', 'run one after another, in the order in which they were asked for', async () => {
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

  test('that read a value, wait and write it back lose no update', async () => {
    const { db } = await openTestDatabase();
    const id = await createAgent(db, { metadata: { count: 0 } });
    const increment = () =>
      db.transaction(async (tx) => {
        const agent = await tx.getAgent(id);
        await sleep(1);
        await tx.updateAgent({ id, metadata: { count: Number(agent?.metadata['count']) + 1 } });
      });
    await Promise.all(Array.from({ length: 25 }, increment));
    expect(await db.getAgent(id)).toMatchObject({ metadata: { count: 25 } });
  });

  test('of two databases may be nested', async () => {
    const [first, second] = [await openTestDatabase(), await openTestDatabase()];
    await first.db.transaction(async (outer) => {
      await createInside(outer, 'outer');
      await second.db.transaction((inner) => createInside(inner, 'inner'));
      await createCertificate(second.db, { id: 'beside' });
      await expectError('CONFLICT', () => createCertificate(first.db));
    });
    expect(await first.db.getCertificate('outer')).not.toBeNull();
    expect(await second.db.getCertificate('inner')).not.toBeNull();
    expect(await second.db.getCertificate('beside')).not.toBeNull();
  });
});

function createInside(tx: TransactionScope, id: string): Promise<string> {
  return tx.createCertificate(certificateInput({ id }));
}

function codeOf(error: unknown): unknown {
  return (error as DatabaseError).code;
}
