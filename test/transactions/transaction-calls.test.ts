import { DatabaseError, type TransactionScope, type DatabaseErrorCode } from '../../src';
import { callUntyped, expectError, expectRolledBack } from '../support/expect-error';
import { agentInput, certificateInput, createAgent, createCertificate, eventInput } from '../support/factories';
import { fillForCalls, makeCall, publicCalls } from '../support/public-calls';
import { rawCounts, rawValues } from '../support/raw-reader';
import { openTestDatabase } from '../support/test-database';

const isOfFeed = ({ name }: { readonly name: string }): boolean => /changes/i.test(name);
const methods = publicCalls.filter((call) => !isOfFeed(call));

function createInside(tx: TransactionScope, id: string): Promise<string> {
  return tx.createCertificate(certificateInput({ id }));
}

const agent = { name: 'Agent', version: '1.0.0', owner: 'owner', publicKey: 'key' };

describe('the callback of a transaction', () => {
  test.each<[DatabaseErrorCode, (tx: TransactionScope) => Promise<unknown>]>([
    ['ALREADY_EXISTS', (tx) => tx.createCertificate(certificateInput({ id: 'c' }))],
    ['REFERENCE_NOT_FOUND', (tx) => tx.createAgent({ ...agent, certificateId: 'missing' })],
    ['INVALID_INPUT', (tx) => tx.createCertificate(certificateInput({ id: '' }))],
    ['STILL_REFERENCED', (tx) => tx.certificates.delete('c')],
    ['INVALID_TRANSITION', (tx) => tx.updateCertificateStatus('revoked', 'VALID')],
  ])('the callback of a transaction runs once when a call in it fails with %s', async (code, call) => {
    const { db, events } = await openTestDatabase({ retry: { baseDelayMs: 1, maxDelayMs: 1 } });
    await createCertificate(db, { id: 'c' });
    await createCertificate(db, { id: 'revoked', status: 'REVOKED' });
    await createAgent(db, { certificateId: 'c' });
    const work = jest.fn(call);
    await expect(db.transaction(work)).rejects.toMatchObject({ code });
    expect(work).toHaveBeenCalledTimes(1);
    expect(events.filter(({ type }) => type === 'retry')).toEqual([]);
  });
});

describe('a transaction that catches the failure of a call', () => {
  test('a transaction that catches the failure of a call commits its other changes', async () => {
    const { db, ...database } = await openTestDatabase();
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

  test('a transaction undoes a call that is refused after most of its statements have run', async () => {
    const { db } = await openTestDatabase();
    const id = await createAgent(db, { status: 'REVOKED', capabilities: ['kept'], metadata: { kept: true } });
    const revokedId = await createCertificate(db, { status: 'REVOKED' });
    const before = await db.getAgent(id);
    const change = { id, name: 'changed', capabilities: ['lost'], metadata: {} };
    await db.transaction(async (tx) => {
      await createInside(tx, 'before');
      await expectError('INVALID_INPUT', () => tx.updateAgent({ ...change, defaultEndpoint: 'nowhere' }));
      await expectError('INVALID_TRANSITION', () => tx.updateAgent({ ...change, status: 'ACTIVE' }));
      await expectError('INVALID_TRANSITION', () => tx.updateCertificateStatus(revokedId, 'VALID'));
      expect(await tx.getAgent(id)).toEqual(before);
      await createInside(tx, 'after');
    });
    expect(await db.getAgent(id)).toEqual(before);
    expect(await db.queryAgents({ capabilities: ['lost'] })).toEqual([]);
    expect(await db.certificates.query({ ids: ['before', 'after'] })).toHaveLength(2);
  });

  test('a transaction that catches a failed call can then call every method, and a rollback undoes these calls', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    await fillForCalls(db);
    // For expireDue and prune, which would change nothing otherwise.
    const certificateId = await createCertificate(db, { notAfter: new Date(0) });
    await createAgent(db, { certificateId, expiresAt: new Date(0) });
    await db.recordSecurityEvent(eventInput({ timestamp: new Date(0) }));
    await expectRolledBack(database, async (tx) => {
      for (const call of methods) {
        await expectError('ALREADY_EXISTS', () => createInside(tx, 'c'));
        await expectError('INVALID_INPUT', () => tx.getAgent(''));
        const answer = await makeCall(tx, call).catch((error: unknown) => ({ name: call.name, error }));
        expect(answer).not.toHaveProperty('error');
      }
    });
    expect((await db.check()).ok).toBe(true);
  });
});

describe('calls that the callback does not await', () => {
  test('calls that the callback of a transaction does not await are committed even when some of them fail', async () => {
    const { db } = await openTestDatabase();
    const late: Promise<unknown>[] = [];
    await db.transaction(async (tx) => {
      await createInside(tx, 'a');
      late.push(createInside(tx, 'b'), tx.updateCertificateStatus('a', 'REVOKED'), createInside(tx, 'c'));
      late.push(callUntyped(tx, 'createAgent', {}).catch((error: unknown) => error));
      late.push(tx.updateCertificateStatus('none', 'VALID'));
    });
    expect(await Promise.all(late)).toMatchObject(['b', true, 'c', { code: 'INVALID_INPUT' }, false]);
    expect(await db.getCertificate('a')).toMatchObject({ status: 'REVOKED' });
    expect(await db.certificates.query({ ids: ['b', 'c'] })).toHaveLength(2);
  });

  test('calls that the callback of a transaction does not await are rolled back when it throws', async () => {
    const { db } = await openTestDatabase();
    const late: Promise<unknown>[] = [];
    const outcome = db.transaction((tx) => {
      late.push(createInside(tx, 'a'), createInside(tx, 'b'));
      throw new Error('undo');
    });
    await expect(outcome).rejects.toThrow('undo');
    expect(await Promise.all(late)).toEqual(['a', 'b']);
    expect(await db.certificates.query({})).toEqual([]);
  });

  test('each call that the callback of a transaction does not await succeeds or fails on its own', async () => {
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
    const codes = outcomes.map((outcome) =>
      outcome.status === 'rejected' ? (outcome.reason as DatabaseError).code : 'ok',
    );
    const expected = Array.from({ length: 10 }, () => ['INVALID_TRANSITION', 'ok', 'ALREADY_EXISTS']);
    expect(codes).toEqual(expected.flat());
    expect(await db.certificates.query({})).toHaveLength(11);
  });

  test('calls of every method may run concurrently inside a transaction', async () => {
    const { db } = await openTestDatabase();
    await fillForCalls(db);
    const before = await db.agents.count();
    const settled: Promise<PromiseSettledResult<unknown>[]>[] = [];
    await db.transaction((tx) => {
      settled.push(Promise.allSettled(methods.map((call) => makeCall(tx, call))));
    });
    const [results = []] = await Promise.all(settled);
    expect(results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []))).toEqual([]);
    // Seven were created, and two deleted.
    expect(await db.agents.count()).toBe(before + 5);
    expect((await db.check()).findings).toEqual([]);
  });
});
