import type { AgentStatus, DatabaseService, TransactionScope } from '../../src';
import { callUntyped, expectError, expectRefused } from '../support/expect-error';
import {
  agentIds,
  agentInput,
  certificateInput,
  createAgent,
  createAgents,
  createCertificate,
  wholeAgent,
} from '../support/factories';
import { allRawRows } from '../support/raw-reader';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';

const start = Date.parse('2026-06-01T00:00:00.000Z');
const later = new Date(start + 5000);
const notRevoked = ['ACTIVE', 'SUSPENDED', 'DEPRECATED', 'EXPIRED'] as const;

type Target = DatabaseService | TransactionScope;
interface Options {
  ifUpdatedAt?: Date;
}

let clockMs = start;
let count = 0;
const shared = shareTestDatabase({ now: () => clockMs });

beforeEach(() => {
  clockMs = later.getTime();
});

/** Creates an agent that was changed at `start`, with a certificate of its own, and returns their common id. */
async function createWhole(status: AgentStatus = 'ACTIVE'): Promise<string> {
  const id = `agent-${(count += 1)}`;
  await createCertificate(shared().db, { id });
  const times = { updatedAt: new Date(start), expiresAt: new Date(0) };
  await shared().db.createAgent(wholeAgent({ id, certificateId: id, status, ...times }));
  return id;
}

async function updatedAtOf(id: string): Promise<number | undefined> {
  return (await shared().db.getAgent(id))?.updatedAt.getTime();
}

type Change = (db: Target, id: string, options?: Options) => Promise<boolean>;

const inAYear = new Date(start + 3e10);
const merged = { attempts: 4, trusted: true, nothing: null, tags: ['a', 'b'], limits: { cpu: 0.5 }, more: [1] };

const changes: readonly (readonly [name: string, change: Change, changed: object])[] = [
  ['setStatus', (db, id, options) => db.agents.setStatus(id, 'DEPRECATED', options), { status: 'DEPRECATED' }],
  ['setCapabilities', (db, id, options) => db.agents.setCapabilities(id, ['z', 'y'], options), { capabilities: ['y', 'z'] }], // prettier-ignore
  ['setMetadata', (db, id, options) => db.agents.setMetadata(id, { only: 1 }, options), { metadata: { only: 1 } }],
  ['mergeMetadata', (db, id, options) => db.agents.mergeMetadata(id, { attempts: 4, nothing: null, more: [1] }, options), { metadata: merged }], // prettier-ignore
  ['renew', (db, id, options) => db.agents.renew(id, inAYear, options), { expiresAt: inAYear }],
  ['deprecate', (db, id, options) => db.agents.deprecate(id, options), { status: 'DEPRECATED', deprecation: { at: later } }], // prettier-ignore
  ['update', (db, id, options) => db.agents.update({ id, name: 'New' }, options), { name: 'New' }],
];

describe.each(changes)('agents.%s', (name, change, changed) => {
  test(`${name} changes only its own field and updatedAt, and records one change`, async () => {
    const { db } = shared();
    const id = await createWhole();
    const [before, after] = [await db.getAgent(id), (await db.changes({ limit: 10_000 })).at(-1)?.sequence ?? 0];
    expect(await change(db, id)).toBe(true);
    expect(await db.getAgent(id)).toStrictEqual({ ...before, ...changed, updatedAt: later });
    expect(await db.changes({ after })).toMatchObject([{ entity: 'agent', id, kind: 'UPDATED' }]);
  });

  test(`${name} returns false and writes nothing when the agent does not exist`, async () => {
    const before = await allRawRows(shared());
    expect(await change(shared().db, 'absent')).toBe(false);
    expect(await allRawRows(shared())).toEqual(before);
  });

  test(`${name} fails with CONFLICT when ifUpdatedAt is not equal to the updatedAt of the agent`, async () => {
    const id = await createWhole();
    for (const ifUpdatedAt of [new Date(start - 1), new Date(start)]) {
      if (ifUpdatedAt.getTime() === start) expect(await change(shared().db, id, { ifUpdatedAt })).toBe(true);
      const error = await expectRefused(shared(), 'CONFLICT', () => change(shared().db, id, { ifUpdatedAt }));
      expect(error).toMatchObject({ retryable: true, entity: 'agent', field: 'updatedAt' });
    }
  });

  test.each<object>([{ unknown: 1 }, { ifUpdatedAt: 5 }])(`${name} refuses the options %j`, async (options) => {
    const id = await createWhole();
    await expectRefused(shared(), 'INVALID_INPUT', () => change(shared().db, id, options));
  });
});

const revoke = (db: Target, id: string, agents: 'suspend' | 'revoke'): Promise<unknown> =>
  db.certificates.revoke(id, { reason: 'superseded', agents });

describe('time of the last change', () => {
  test.each<[string, (db: Target, id: string) => Promise<unknown>]>([
    ...changes.map(([name, change]): [string, Change] => [name, change]),
    ['update with only the id', (db, id) => db.agents.update({ id })],
    ['update with an earlier updatedAt', (db, id) => db.agents.update({ id, updatedAt: new Date(0) })],
    ['setStatus to the present status', (db, id) => db.agents.setStatus(id, 'ACTIVE')],
    ['setStatus to REVOKED', (db, id) => db.agents.setStatus(id, 'REVOKED')],
    ['mergeMetadata without a key', (db, id) => db.agents.mergeMetadata(id, {})],
    ['expireDue', (db) => db.agents.expireDue()],
    ['revoke with agents: suspend', (db, id) => revoke(db, id, 'suspend')],
    ['revoke with agents: revoke', (db, id) => revoke(db, id, 'revoke')],
    ['rotate', (db, id) => db.certificates.rotate(id, certificateInput())],
  ])('updatedAt becomes the current time, or grows by 1 ms when the clock has not advanced: %s', async (_, change) => {
    const { db } = shared();
    for (const [now, inTransaction, expected] of [
      [start + 5000, true, start + 5000],
      [start, false, start + 1],
      [start - 60_000, true, start + 1],
    ] as const) {
      const id = await createWhole();
      clockMs = now;
      await (inTransaction ? db.transaction((tx) => change(tx, id)) : change(db, id));
      expect(await updatedAtOf(id)).toBe(expected);
      const update = () => db.agents.update({ id, status: 'ACTIVE' }, { ifUpdatedAt: new Date(start) });
      await expectError('CONFLICT', update);
    }
  });

  test('updatedAt grows by 1 ms with each change in a transaction while the clock stands still', async () => {
    clockMs = start;
    const id = await createWhole();
    await shared().db.transaction(async (tx) => {
      await tx.agents.setStatus(id, 'SUSPENDED');
      await tx.agents.setMetadata(id, {});
      await tx.certificates.rotate(id, certificateInput());
    });
    expect(await updatedAtOf(id)).toBe(start + 3);
  });

  test.each(['9999-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'])(
    'createAgent, createMany and register refuse the updatedAt %s, because no change could increase that time',
    async (iso) => {
      const { db } = shared();
      const agent = agentInput({ certificateId: 'unknown', updatedAt: new Date(iso) });
      const registration = { certificate: certificateInput(), agent: { ...agent, certificateId: undefined } };
      for (const [field, call] of [
        ['updatedAt', () => db.createAgent(agent)],
        ['agents[0].updatedAt', () => db.agents.createMany([agent])],
        ['agent.updatedAt', () => db.register(registration)],
      ] as const) {
        expect(await expectError('INVALID_INPUT', call)).toMatchObject({ field });
      }
    },
  );

  test('updatedAt may be the last millisecond before the year 9999, and the next change adds 1 ms', async () => {
    const last = Date.UTC(9999, 0, 1) - 1;
    const id = await createAgent(shared().db, { updatedAt: new Date(last) });
    expect(await updatedAtOf(id)).toBe(last);
    await shared().db.agents.setStatus(id, 'SUSPENDED');
    expect(await updatedAtOf(id)).toBe(last + 1);
  });
});

describe('conditional changes', () => {
  test('only one of several concurrent changes with the same ifUpdatedAt succeeds, even when the clock stands still', async () => {
    const { db } = await openTestDatabase({ now: () => start });
    await createAgent(db, { id: 'a' });
    for (let round = 0; round < 6; round += 1) {
      const read = await db.getAgent('a');
      const outcomes = await Promise.allSettled(
        Array.from({ length: 5 }, (_, caller) =>
          db.agents.mergeMetadata('a', { [`round ${round}`]: caller }, { ifUpdatedAt: read?.updatedAt }),
        ),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toEqual([{ status: 'fulfilled', value: true }]);
      const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
      for (const error of refused) expect(error).toMatchObject({ code: 'CONFLICT' });
    }
    expect((await db.getAgent('a'))?.updatedAt).toEqual(new Date(start + 6));
  });
});

describe('revoked agents', () => {
  test('setStatus and renew refuse a REVOKED agent', async () => {
    const { db } = shared();
    const id = await createWhole('REVOKED');
    for (const status of notRevoked) {
      const set = () => db.agents.setStatus(id, status);
      const error = await expectRefused(shared(), 'INVALID_TRANSITION', set);
      expect(error).toMatchObject({ entity: 'agent', field: 'status' });
    }
    await expectRefused(shared(), 'INVALID_TRANSITION', () => db.agents.renew(id, later));
  });

  test('update changes a REVOKED agent, but setStatus to REVOKED leaves the agent unchanged', async () => {
    const { db } = shared();
    const id = await createWhole('REVOKED');
    const before = await allRawRows(shared());
    expect(await db.agents.setStatus(id, 'REVOKED')).toBe(true);
    expect(await allRawRows(shared())).toEqual(before);
    expect(await db.agents.update({ id, status: 'REVOKED' })).toBe(true);
    expect(await updatedAtOf(id)).toBe(later.getTime());
    expect(await db.agents.update({ id, description: 'gone' })).toBe(true);
    expect(await db.getAgent(id)).toMatchObject({ status: 'REVOKED', description: 'gone' });
  });
});

describe('agents.renew', () => {
  test('renew makes an EXPIRED agent ACTIVE and keeps the status SUSPENDED', async () => {
    for (const before of ['EXPIRED', 'SUSPENDED'] as const) {
      const id = await createWhole(before);
      expect(await shared().db.agents.renew(id, inAYear)).toBe(true);
      const status = before === 'EXPIRED' ? 'ACTIVE' : 'SUSPENDED';
      expect(await shared().db.getAgent(id)).toMatchObject({ status, expiresAt: inAYear });
    }
  });
});

describe('agents.expireDue', () => {
  test('agents.expireDue sets the status of due ACTIVE and DEPRECATED agents to EXPIRED, and records each change once', async () => {
    const { db } = await openTestDatabase({ now: () => later.getTime() });
    const certificateId = await createCertificate(db);
    await db.agents.createMany(
      [...notRevoked, 'REVOKED' as const].flatMap((status) => [
        wholeAgent({ id: `${status} due`, certificateId, status, expiresAt: later }),
        wholeAgent({ id: `${status} not due`, certificateId, status, expiresAt: new Date(later.getTime() + 1) }),
      ]),
    );
    const after = (await db.changes()).length;
    expect(await db.agents.expireDue()).toBe(2);
    const changed = (await db.queryAgents({ orderBy: 'id' })).filter(({ updatedAt }) => updatedAt >= later);
    expect(changed.map(({ id, status }) => [id, status])).toEqual([
      ['ACTIVE due', 'EXPIRED'],
      ['DEPRECATED due', 'EXPIRED'],
    ]);
    const entries = (await db.changes()).slice(after);
    expect(entries.map(({ id }) => id).sort()).toEqual(['ACTIVE due', 'DEPRECATED due']);
    expect(await db.agents.expireDue()).toBe(0);
  });

  test('agents.expireDue changes several batches of agents', async () => {
    const { db } = await openTestDatabase();
    await createAgents(db, agentIds(600), () => ({ expiresAt: new Date(0) }));
    expect(await db.agents.expireDue()).toBe(600);
    expect(await db.agents.count({ status: ['EXPIRED'] })).toBe(600);
  });
});

describe('Invalid input', () => {
  test.each([
    ['setStatus', ['a']],
    ['setStatus', ['a', 'UNKNOWN']],
    ['setStatus', [5, 'ACTIVE']],
    ['setStatus', ['', 'ACTIVE']],
    ['setCapabilities', ['a']],
    ['setCapabilities', ['a', ['']]],
    ['setMetadata', ['a']],
    ['setMetadata', ['a', { no: undefined }]],
    ['mergeMetadata', ['a']],
    ['mergeMetadata', ['a', null]],
    ['renew', ['a']],
    ['renew', ['a', 5]],
    ['setEndpointHealth', ['a', 'main']],
    ['setEndpointHealth', ['a', 'main', {}]],
    ['setEndpointHealth', ['a', '', { status: 'HEALTHY' }]],
    ['setEndpointHealth', ['a', 'main', { status: 'HEALTHY', unknown: 1 }]],
  ])('agents.%s refuses invalid arguments: %j', async (method, args) => {
    await expectRefused(shared(), 'INVALID_INPUT', () => callUntyped(shared().db.agents, method, ...args));
  });
});
