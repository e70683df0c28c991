import type { DatabaseErrorCode, DatabaseService } from '../../src';
import { expectError } from '../support/expect-error';
import { agentInput } from '../support/factories';
import { expectNoChange, openTwoOwners } from '../tenancy/two-owners';

describe('agents.transfer', () => {
  test.each<[DatabaseErrorCode, string, (db: DatabaseService) => Promise<unknown>]>([
    ['CONFLICT', 'ifOwner is not the owner', (db) => db.agents.transfer('own', { to: 'other', ifOwner: 'wrong' })],
    ['INVALID_INPUT', 'the new owner is empty', (db) => db.agents.transfer('own', { to: '' })],
    ['INVALID_INPUT', 'ifOwner is empty', (db) => db.agents.transfer('own', { to: 'x', ifOwner: '' })],
    ['INVALID_INPUT', 'the new owner is missing', (db) => db.agents.transfer('absent', {} as { to: string })],
    ['ALREADY_EXISTS', 'the new owner has the unique name', (db) => db.agents.transfer('own', { to: 'holder' })],
  ])('transfer fails with %s and changes nothing when %s', async (code, _, call) => {
    const { db, ...database } = await openTwoOwners();
    const holder = agentInput({ id: 'holder', owner: 'holder', name: 'planner', certificateId: 'unheld' });
    await db.createAgent(holder, { unique: 'owner-name-version' });
    await expectNoChange(database, () => expectError(code, () => call(db)));
  });

  test('transfer gives the agent to another owner, advances updatedAt, and records one change', async () => {
    const { db, scope, ...database } = await openTwoOwners();
    const before = await db.getAgent('own');
    expect(await db.agents.transfer('own', { to: 'other', ifOwner: 'own' })).toBe(true);
    const after = await db.getAgent('own');
    expect(after).toEqual({ ...before, owner: 'other', updatedAt: after?.updatedAt });
    expect(after?.updatedAt.getTime()).toBeGreaterThan(before?.updatedAt.getTime() ?? 0);
    expect((await db.changes()).at(-1)).toMatchObject({ kind: 'UPDATED', entity: 'agent', id: 'own' });
    expect(await scope.agents.get('own')).toBeNull();
    expect(await db.forOwner('other').certificates.get('c-own')).toMatchObject({ id: 'c-own' });
    await expectNoChange(database, async () => {
      expect(await db.agents.transfer('own', { to: 'other' })).toBe(true);
      expect(await db.agents.transfer('absent', { to: 'other', ifOwner: 'own' })).toBe(false);
    });
  });
});
