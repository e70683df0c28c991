import type { AgentRecord, DatabaseService, DeprecateOptions } from '../../src';
import { onPostgresql } from '../support/engine';
import { callUntyped, expectError } from '../support/expect-error';
import { createAgent } from '../support/factories';
import { changeRaw } from '../support/raw-writer';
import { openTestDatabase } from '../support/test-database';

const start = Date.parse('2026-05-01T00:00:00Z');

/** Opens a database with a clock and the agents of these ids. */
async function openAt(ids: readonly string[] = ['old', 'new']) {
  const clock = { now: start };
  const { db, statementsOf } = await openTestDatabase({ now: () => clock.now });
  for (const id of ids) await createAgent(db, { id });
  return { db, clock, statements: statementsOf };
}

async function read(db: DatabaseService, id: string): Promise<AgentRecord> {
  const agent = await db.getAgent(id);
  if (agent === null) throw new Error(`no agent ${id}`);
  return agent;
}

describe('agents.deprecate', () => {
  test('deprecate stores the status, the reason, the successor and the time', async () => {
    const { db, clock } = await openAt();
    const before = await read(db, 'old');
    clock.now += 5;
    expect(await db.agents.deprecate('old', { reason: 'Replaced', successorId: 'new' })).toBe(true);
    const at = new Date(clock.now);
    expect(await read(db, 'old')).toStrictEqual({
      ...before,
      status: 'DEPRECATED',
      updatedAt: at,
      deprecation: { at, reason: 'Replaced', successorId: 'new' },
    });
    expect(await db.queryAgents({ status: ['DEPRECATED'] })).toMatchObject([{ deprecation: { reason: 'Replaced' } }]);
  });

  test('deprecate replaces the whole deprecation of an agent that is already deprecated', async () => {
    const { db, clock } = await openAt();
    await db.agents.deprecate('old', { reason: '', successorId: 'new' });
    expect((await read(db, 'old')).deprecation).toStrictEqual({ at: new Date(start), reason: '', successorId: 'new' });
    clock.now += 1000;
    expect(await db.agents.deprecate('old')).toBe(true);
    expect((await read(db, 'old')).deprecation).toStrictEqual({ at: new Date(start + 1000) });
  });

  test('deprecate refuses an agent that is not ACTIVE or DEPRECATED before checking the successor', async () => {
    const { db } = await openAt();
    for (const status of ['SUSPENDED', 'EXPIRED', 'REVOKED'] as const) {
      await createAgent(db, { id: status, status });
      const before = await read(db, status);
      await expectError('INVALID_TRANSITION', () => db.agents.deprecate(status, { successorId: 'none' }));
      expect(await read(db, status)).toStrictEqual(before);
    }
  });

  test('deprecate refuses an unknown successor, but returns false when the agent is also unknown', async () => {
    const { db } = await openAt();
    expect(await db.agents.deprecate('none', { successorId: 'neither' })).toBe(false);
    await expect(db.agents.deprecate('old', { successorId: 'none' })).rejects.toMatchObject({
      code: 'REFERENCE_NOT_FOUND',
      field: 'successorId',
      message: 'Failed to deprecate agent: successorId must be the id of an existing agent',
    });
    expect(await read(db, 'old')).toMatchObject({ status: 'ACTIVE' });
  });

  test('deprecate refuses invalid arguments before reading the agent', async () => {
    const { db } = await openAt();
    await expect(db.agents.deprecate('none', { successorId: 'none' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      field: 'successorId',
    });
    for (const options of [{ reason: 1 }, { successorId: '' }, { reason: 'a\0' }, { why: 'x' }, [], null]) {
      await expectError('INVALID_INPUT', () => db.agents.deprecate('none', options as DeprecateOptions));
    }
    await expectError('INVALID_INPUT', () => db.agents.deprecate(''));
  });
});

describe('stored deprecations', () => {
  test('every change of the status to ACTIVE removes the deprecation of an agent', async () => {
    const { db, clock } = await openAt();
    const activate: readonly (() => Promise<boolean>)[] = [
      () => db.agents.setStatus('old', 'ACTIVE'),
      () => db.updateAgent({ id: 'old', status: 'ACTIVE' }),
      async () => {
        await db.agents.setStatus('old', 'EXPIRED');
        return db.agents.renew('old', new Date(start + 1e9));
      },
    ];
    for (const change of activate) {
      clock.now += 1;
      await db.agents.deprecate('old', { reason: 'x', successorId: 'new' });
      expect(await change()).toBe(true);
      expect(await read(db, 'old')).toMatchObject({ status: 'ACTIVE' });
      expect(await read(db, 'old')).not.toHaveProperty('deprecation');
    }
    // The successor can be deleted without a change of the agent.
    const before = await read(db, 'old');
    await db.deleteAgent('new');
    expect(await read(db, 'old')).toStrictEqual(before);
    expect(await db.check()).toMatchObject({ ok: true });
  });

  test('a change that does not set the status ACTIVE keeps the deprecation of an agent', async () => {
    const { db } = await openAt();
    await db.agents.deprecate('old', { reason: 'x', successorId: 'new' });
    const { deprecation } = await read(db, 'old');
    await db.updateAgent({ id: 'old', description: 'new text' });
    await db.agents.renew('old', new Date(start + 1e9));
    for (const status of ['SUSPENDED', 'EXPIRED', 'DEPRECATED', 'REVOKED'] as const) {
      await db.agents.setStatus('old', status);
      expect(await read(db, 'old')).toMatchObject({ status, deprecation });
    }
    expect(await db.check()).toMatchObject({ ok: true });
  });

  test('an agent that became DEPRECATED without agents.deprecate has no deprecation', async () => {
    const { db } = await openAt();
    await createAgent(db, { id: 'given', status: 'DEPRECATED' });
    await db.agents.setStatus('old', 'DEPRECATED');
    for (const id of ['given', 'old']) expect(await read(db, id)).not.toHaveProperty('deprecation');
  });

  test('an update ignores the deprecation of a record that was read, but a registration refuses a deprecation', async () => {
    const { db } = await openAt();
    await db.agents.deprecate('old', { reason: 'x', successorId: 'new' });
    const record = await read(db, 'old');
    await db.deleteAgent('new');
    expect(await db.updateAgent({ ...record, description: 'changed' })).toBe(true);
    const kept = { at: new Date(start), reason: 'x' };
    expect(await read(db, 'old')).toStrictEqual({
      ...record,
      description: 'changed',
      deprecation: kept,
      updatedAt: new Date(start + 3),
    });
    await expectError('INVALID_INPUT', () => callUntyped(db, 'updateAgent', { ...record, deprecation: { at: 1 } }));
    await expect(db.createAgent({ ...record, id: 'copy' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      field: 'deprecation',
    });
  });
});

describe('deleted successors', () => {
  test('the deletion of a successor removes successorId from every predecessor and records a change of each', async () => {
    const { db, clock } = await openAt(['a', 'b', 'new', 'other']);
    for (const id of ['a', 'b']) await db.agents.deprecate(id, { reason: id, successorId: 'new' });
    await db.agents.deprecate('other', { successorId: 'a' });
    const [last] = (await db.changes({ limit: 100 })).slice(-1);
    clock.now += 5;
    await db.deleteAgent('new');
    const at = new Date(start);
    for (const id of ['a', 'b']) {
      expect(await read(db, id)).toMatchObject({ updatedAt: new Date(clock.now), status: 'DEPRECATED' });
      expect((await read(db, id)).deprecation).toStrictEqual({ at, reason: id });
    }
    expect((await read(db, 'other')).deprecation).toStrictEqual({ at, successorId: 'a' });
    const changes = await db.changes({ after: last?.sequence });
    expect(changes.map(({ kind, id }) => `${kind} ${id}`)).toEqual(['DELETED new', 'UPDATED a', 'UPDATED b']);
  });

  test('the deletion of a successor runs as many statements for many predecessors as for one', async () => {
    const { db, statements } = await openAt();
    const counts: number[] = [];
    for (const count of [0, 1, 50]) {
      await createAgent(db, { id: `new-${count}` });
      for (let index = 0; index < count; index += 1) {
        const id = await createAgent(db, {});
        await db.agents.deprecate(id, { successorId: `new-${count}` });
      }
      counts.push((await statements(() => db.deleteAgent(`new-${count}`))).length);
    }
    const [without = 0, withOne] = counts;
    expect(withOne).toBe(without + 1);
    expect(counts[2]).toBe(withOne);
  });

  test('the deletion of a successor removes successorId also in a cycle of successors', async () => {
    const { db } = await openAt(['a', 'b', 'c']);
    for (const [id, successorId] of Object.entries({ a: 'b', b: 'c', c: 'a' })) {
      await db.agents.deprecate(id, { successorId });
    }
    await db.transaction(async (tx) => {
      expect(await tx.deleteAgent('b')).toBe(true);
      expect((await tx.getAgent('a'))?.deprecation).not.toHaveProperty('successorId');
      expect(await tx.deleteAgent('a')).toBe(true);
    });
    expect((await read(db, 'c')).deprecation).toStrictEqual({ at: new Date(start) });
    expect(await db.check()).toMatchObject({ ok: true });
  });

  test('SQL of the application that deletes a successor also removes successorId from its predecessors', async () => {
    const { db, ...database } = await openTestDatabase();
    for (const id of ['old', 'new']) await createAgent(db, { id });
    await db.agents.deprecate('old', { successorId: 'new' });
    await changeRaw(database, `${onPostgresql ? '' : 'PRAGMA foreign_keys = ON; '}DELETE FROM agents WHERE id = 'new'`);
    expect((await read(db, 'old')).deprecation).not.toHaveProperty('successorId');
  });
});
