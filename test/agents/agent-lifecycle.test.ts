import type { AgentStatus, DatabaseService } from '../../src';
import { createAgent, createCertificate, wholeAgent } from '../support/factories';
import { callUntyped, expectError, expectRefused } from '../support/expect-error';
import { rawValues } from '../support/raw-reader';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

const start = Date.parse('2026-06-01T00:00:00.000Z');
const later = new Date(start + 5000);

/** A database whose clock stands still, with a whole agent that was changed long ago. */
async function openWithAgent(status: AgentStatus = 'ACTIVE'): Promise<TestDatabase> {
  const database = await openTestDatabase({ now: () => later.getTime() });
  const certificateId = await createCertificate(database.db);
  await database.db.createAgent(wholeAgent({ id: 'a', certificateId, status, updatedAt: new Date(start) }));
  return database;
}

type Change = (db: DatabaseService, options?: { ifUpdatedAt?: Date }) => Promise<boolean>;

const changes: readonly (readonly [name: string, change: Change, changed: object])[] = [
  ['setStatus', (db, options) => db.agents.setStatus('a', 'DEPRECATED', options), { status: 'DEPRECATED' }],
  [
    'setCapabilities',
    (db, options) => db.agents.setCapabilities('a', ['z', 'y'], options),
    { capabilities: ['y', 'z'] },
  ],
  ['setMetadata', (db, options) => db.agents.setMetadata('a', { only: 1 }, options), { metadata: { only: 1 } }],
  [
    'mergeMetadata',
    (db, options) => db.agents.mergeMetadata('a', { attempts: 4, nothing: null, more: [1] }, options),
    {
      metadata: { attempts: 4, trusted: true, nothing: null, tags: ['a', 'b'], limits: { cpu: 0.5 }, more: [1] },
    },
  ],
  [
    'renew',
    (db, options) => db.agents.renew('a', new Date(start + 9e9), options),
    { expiresAt: new Date(start + 9e9) },
  ],
  ['update', (db, options) => db.agents.update({ id: 'a', name: 'New' }, options), { name: 'New' }],
];

describe.each(changes)('agents.%s', (name, change, changed) => {
  test('changes that alone, sets updatedAt to now, and tells the feed', async () => {
    const database = await openWithAgent();
    const { db } = database;
    const before = await db.getAgent('a');
    const told = (await db.changes()).length;
    expect(await change(db)).toBe(true);
    expect(await db.getAgent('a')).toStrictEqual({ ...before, ...changed, updatedAt: later });
    expect((await db.changes()).slice(told)).toMatchObject([{ entity: 'agent', id: 'a', kind: 'UPDATED' }]);
  });

  test('of an agent that is absent answers false, and changes nothing', async () => {
    const database = await openTestDatabase();
    await createAgent(database.db, { id: 'other' });
    expect(await change(database.db)).toBe(false);
    expect(await database.db.changes()).toHaveLength(2);
  });

  test('with the time of the last change goes through, with another one it is CONFLICT', async () => {
    const database = await openWithAgent();
    const stale = () => change(database.db, { ifUpdatedAt: new Date(start - 1) });
    const error = await expectRefused(database, 'CONFLICT', stale);
    expect(error).toMatchObject({ retryable: true, entity: 'agent', field: 'updatedAt' });
    expect(await change(database.db, { ifUpdatedAt: new Date(start) })).toBe(true);
    await expectRefused(database, 'CONFLICT', () => change(database.db, { ifUpdatedAt: new Date(start) }));
  });

  test.each<[string, object]>([
    ['an unknown option', { unknown: 1 }],
    ['a time that is none', { ifUpdatedAt: 5 }],
  ])('with %s is INVALID_INPUT', async (_, options) => {
    const database = await openWithAgent();
    await expectRefused(database, 'INVALID_INPUT', () => change(database.db, options));
    expect(name).not.toBe('');
  });
});

describe('agents.setStatus', () => {
  test('REVOKED is final: every other status is INVALID_TRANSITION', async () => {
    const database = await openWithAgent('REVOKED');
    for (const status of ['ACTIVE', 'SUSPENDED', 'DEPRECATED', 'EXPIRED'] as const) {
      const error = await expectRefused(database, 'INVALID_TRANSITION', () =>
        database.db.agents.setStatus('a', status),
      );
      expect(error).toMatchObject({ entity: 'agent', field: 'status' });
    }
  });

  test('REVOKED to REVOKED changes nothing and answers true', async () => {
    const { db } = await openWithAgent('REVOKED');
    const before = await db.changes();
    expect(await db.agents.setStatus('a', 'REVOKED')).toBe(true);
    expect((await db.getAgent('a'))?.updatedAt).toEqual(new Date(start));
    expect(await db.changes()).toEqual(before);
  });
});

describe('ifUpdatedAt', () => {
  test('lets one of many callers through, and tells the others, though the clock stands still', async () => {
    const { db } = await openTestDatabase({ now: () => start });
    await createAgent(db, { id: 'a' });
    for (let round = 0; round < 20; round += 1) {
      const read = await db.getAgent('a');
      const outcomes = await Promise.allSettled(
        Array.from({ length: 5 }, (_, caller) =>
          db.agents.mergeMetadata('a', { [`round ${round}`]: caller }, { ifUpdatedAt: read?.updatedAt }),
        ),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toEqual([{ status: 'fulfilled', value: true }]);
      const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
      expect(refused).toEqual(
        Array.from({ length: 4 }, () => expect.objectContaining({ code: 'CONFLICT' }) as unknown),
      );
    }
    expect((await db.getAgent('a'))?.updatedAt).toEqual(new Date(start + 20));
  });
});

describe('agents.renew', () => {
  test('makes an EXPIRED agent ACTIVE again, and leaves a SUSPENDED one so', async () => {
    const { db } = await openWithAgent('EXPIRED');
    const certificateId = await createCertificate(db);
    await db.createAgent(wholeAgent({ id: 'b', certificateId, status: 'SUSPENDED' }));
    const expiresAt = new Date(start + 1e10);
    expect(await db.agents.renew('a', expiresAt)).toBe(true);
    expect(await db.agents.renew('b', expiresAt)).toBe(true);
    expect(await db.getAgent('a')).toMatchObject({ status: 'ACTIVE', expiresAt });
    expect(await db.getAgent('b')).toMatchObject({ status: 'SUSPENDED', expiresAt });
  });

  test('of a REVOKED agent is INVALID_TRANSITION', async () => {
    const database = await openWithAgent('REVOKED');
    await expectRefused(database, 'INVALID_TRANSITION', () => database.db.agents.renew('a', later));
  });
});

describe('agents.expireDue', () => {
  test('lets ACTIVE and DEPRECATED agents expire whose time has come, and no others', async () => {
    const { db } = await openTestDatabase({ now: () => later.getTime() });
    const certificateId = await createCertificate(db);
    const statuses = ['ACTIVE', 'DEPRECATED', 'SUSPENDED', 'REVOKED', 'EXPIRED'] as const;
    await db.agents.createMany(
      statuses.flatMap((status) => [
        wholeAgent({ id: `${status} due`, certificateId, status, expiresAt: later }),
        wholeAgent({ id: `${status} not due`, certificateId, status, expiresAt: new Date(later.getTime() + 1) }),
      ]),
    );
    const told = (await db.changes()).length;
    expect(await db.agents.expireDue()).toBe(2);
    const changed = (await db.queryAgents({ orderBy: 'id' })).filter(({ updatedAt }) => updatedAt >= later);
    expect(changed.map(({ id, status }) => [id, status])).toEqual([
      ['ACTIVE due', 'EXPIRED'],
      ['DEPRECATED due', 'EXPIRED'],
    ]);
    expect(
      (await db.changes())
        .slice(told)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['ACTIVE due', 'DEPRECATED due']);
    expect(await db.agents.expireDue()).toBe(0);
  });

  test('goes through more agents than one batch holds', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const expiresAt = new Date(0);
    await db.agents.createMany(
      Array.from({ length: 2500 }, (_, index) =>
        wholeAgent({ id: `a${index}`, certificateId, expiresAt, status: 'ACTIVE' }),
      ),
    );
    expect(await db.agents.expireDue()).toBe(2500);
    expect(await db.agents.count({ status: ['EXPIRED'] })).toBe(2500);
  });
});

describe('agents.setEndpointHealth', () => {
  test('changes the health of the one endpoint, not updatedAt, and tells the feed', async () => {
    const database = await openWithAgent();
    const { db } = database;
    const before = await db.getAgent('a');
    const told = (await db.changes()).length;
    const health = { status: 'UNHEALTHY', lastChecked: new Date(start + 77), message: 'no answer' } as const;
    expect(await db.agents.setEndpointHealth('a', 'spare', health)).toBe(true);
    const [main, spareBefore] = before?.endpoints ?? [];
    const spare = { ...spareBefore, health };
    expect(await db.getAgent('a')).toStrictEqual({
      ...before,
      endpoints: [main, spare],
      defaultEndpoint: spare,
    });
    expect((await db.changes()).slice(told)).toMatchObject([{ entity: 'agent', id: 'a', kind: 'UPDATED' }]);
  });

  test('without a time was checked now, and without a message has none', async () => {
    const { db } = await openWithAgent();
    await db.agents.setEndpointHealth('a', 'main', { status: 'HEALTHY' });
    expect((await db.getAgent('a'))?.endpoints[0]?.health).toStrictEqual({ status: 'HEALTHY', lastChecked: later });
  });

  test('of an absent endpoint, or one of another agent, answers false', async () => {
    const database = await openWithAgent();
    await createAgent(database.db, { id: 'b' });
    const before = await rawValues(database, 'endpoints', 'health_status');
    expect(await database.db.agents.setEndpointHealth('a', 'absent', { status: 'HEALTHY' })).toBe(false);
    expect(await database.db.agents.setEndpointHealth('b', 'main', { status: 'HEALTHY' })).toBe(false);
    expect(await database.db.agents.setEndpointHealth('absent', 'main', { status: 'HEALTHY' })).toBe(false);
    expect(await rawValues(database, 'endpoints', 'health_status')).toEqual(before);
  });
});

describe('what is left out, or of a wrong type, is INVALID_INPUT', () => {
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
  ])('%s%j', async (method, args) => {
    const database = await openWithAgent();
    await expectRefused(database, 'INVALID_INPUT', () => callUntyped(database.db.agents, method, ...args));
  });
});

test('inside a transaction all of it happens, or nothing', async () => {
  const { db } = await openWithAgent();
  const before = await db.getAgent('a');
  await expect(
    db.transaction(async (tx) => {
      await tx.agents.setStatus('a', 'SUSPENDED');
      await tx.agents.mergeMetadata('a', { x: 1 });
      await expectError('CONFLICT', () => tx.agents.renew('a', later, { ifUpdatedAt: new Date(1) }));
      throw new Error('changed my mind');
    }),
  ).rejects.toThrow('changed my mind');
  expect(await db.getAgent('a')).toEqual(before);
});
