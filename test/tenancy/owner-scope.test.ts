import type { OwnerScope, OwnerTransactionScope } from '../../src';
import { callUntyped, expectError } from '../support/expect-error';
import { agentInput, certificateInput } from '../support/factories';
import { openTestDatabase } from '../support/test-database';
import { expectNoChange, openTwoOwners } from './two-owners';

const reason = { reason: 'superseded', agents: 'revoke' } as const;
const early = new Date('2020-01-01');

describe('forOwner', () => {
  test.each<[unknown, unknown]>([
    ['', undefined],
    [null, undefined],
    ['a\0b', undefined],
    ['own', { access: 'admin' }],
    ['own', { acces: 'read' }],
    ['own', null],
  ])('forOwner throws INVALID_INPUT for the owner %j with the options %j', async (owner, options) => {
    const { db } = await openTestDatabase();
    const error = await expectError('INVALID_INPUT', () => callUntyped(db, 'forOwner', owner, options));
    expect(error).toMatchObject({ operation: 'forOwner' });
  });

  test('forOwner sends no statement', async () => {
    const { db, statementsOf } = await openTestDatabase();
    expect(await statementsOf(() => Promise.resolve(db.forOwner('own')))).toEqual([]);
  });

  test('forOwner returns an object that gives access to nothing else of the database', async () => {
    const { db } = await openTestDatabase();
    const namesOf = (object: object): string[] => {
      const names = new Set<string>();
      for (let at = object; at !== Object.prototype; at = Object.getPrototypeOf(at) as object) {
        for (const name of Object.getOwnPropertyNames(at)) names.add(name);
      }
      return [...names].filter((name) => name !== 'constructor').sort();
    };
    const expectLimited = (scope: OwnerTransactionScope, ...others: readonly string[]): void => {
      expect(namesOf(scope)).toEqual([...['agents', 'certificates', 'register', 'resolve', 'resolveMany'], ...others]);
      expect(namesOf(scope.certificates)).toEqual(['get', 'getByFingerprint', 'query', 'revoke', 'rotate']);
      expect(namesOf(scope.agents)).toEqual(namesOf(db.agents).filter((name) => name !== 'transfer'));
    };
    expectLimited(db.forOwner('own'), 'transaction');
    await db.transaction((tx) => expectLimited(tx.forOwner('own')));
  });
});

describe('an agent of another owner', () => {
  test('agents.get of a scope names no successor of another owner', async () => {
    const { db, scope } = await openTwoOwners();
    for (const [successorId, shown] of [['own-shared', 'own-shared'], ['other']]) {
      await db.agents.deprecate('own', { reason: 'old', successorId });
      const deprecation = (await scope.agents.get('own'))?.deprecation;
      expect(deprecation).toMatchObject({ reason: 'old' });
      expect(deprecation?.successorId).toBe(shown);
    }
  });

  test('no read of a scope finds an agent of another owner', async () => {
    const { scope } = await openTwoOwners();
    expect(await scope.agents.get('other')).toBeNull();
    expect(await scope.agents.getMany(['other', 'own'])).toEqual([null, expect.objectContaining({ id: 'own' })]);
    expect(await scope.agents.query({ ids: ['other'] })).toEqual([]);
    expect((await scope.agents.query()).map(({ id }) => id).sort()).toEqual(['own', 'own-shared']);
    expect(await scope.agents.count()).toBe(2);
    expect((await scope.agents.page({}, { size: 1 })).items).toHaveLength(1);
    const ids: string[] = [];
    for await (const { id } of scope.agents.iterate()) ids.push(id);
    expect(ids).toEqual(['own', 'own-shared']);
    expect(await scope.resolve({ name: 'planner' })).toMatchObject({ outcome: 'resolved', agent: { id: 'own' } });
  });

  test('every change by a scope treats an agent of another owner as absent and does not change it', async () => {
    const database = await openTwoOwners();
    const { agents } = database.scope;
    await expectNoChange(database, async () => {
      expect(await agents.update({ id: 'other', name: 'x', certificateId: 'unknown' })).toBe(false);
      expect(await agents.setStatus('other', 'REVOKED', { ifUpdatedAt: early })).toBe(false);
      expect(await agents.setCapabilities('other', ['x'])).toBe(false);
      expect(await agents.setMetadata('other', {})).toBe(false);
      expect(await agents.mergeMetadata('other', { x: 1 })).toBe(false);
      expect(await agents.setEndpointHealth('other', 'main', { status: 'HEALTHY' })).toBe(false);
      expect(await agents.renew('other', early)).toBe(false);
      expect(await agents.delete('other')).toBe(false);
    });
  });

  test('expireDue of a scope does not expire an agent of another owner', async () => {
    const { db, scope } = await openTwoOwners();
    await db.agents.update({ id: 'other', expiresAt: early });
    expect(await scope.agents.expireDue()).toBe(0);
    await db.agents.update({ id: 'own', expiresAt: early });
    expect(await scope.agents.expireDue()).toBe(1);
    expect((await db.getAgent('other'))?.status).toBe('ACTIVE');
  });

  test('a scope cannot create an agent with the id of an agent of another owner', async () => {
    const { scope } = await openTwoOwners();
    const agent = agentInput({ id: 'other', owner: 'own', certificateId: 'c-own' });
    await expectError('ALREADY_EXISTS', () => scope.agents.create(agent));
    const [result] = await scope.agents.createMany([agent], { onError: 'collect' });
    expect(result).toMatchObject({ ok: false, error: { code: 'ALREADY_EXISTS' } });
  });
});

describe('an input that names another owner', () => {
  test.each<[string, (scope: OwnerScope) => Promise<unknown>]>([
    ['create', ({ agents }) => agents.create(agentInput({ owner: 'other', certificateId: 'c-own' }))],
    ['createMany', ({ agents }) => agents.createMany([agentInput({ owner: 'other', certificateId: 'c-own' })])],
    ['update', ({ agents }) => agents.update({ id: 'own', owner: 'other' })],
    ['update of an absent agent', ({ agents }) => agents.update({ id: 'absent', owner: 'other' })],
    ['query', ({ agents }) => agents.query({ owner: 'other' })],
    ['query of nobody', ({ agents }) => agents.query({ owner: '' })],
    ['page', ({ agents }) => agents.page({ owner: 'other' })],
    ['iterate', ({ agents }) => agents.iterate({ owner: 'other' }).next()],
    ['count', ({ agents }) => agents.count({ owner: 'other' })],
    ['resolve', (scope) => scope.resolve({ name: 'planner', owner: 'other' })],
    ['resolve by agentName', (scope) => scope.resolve({ agentName: 'mcp://planner.x.other.v1' })],
    ['resolveMany', (scope) => scope.resolveMany([{ name: 'planner', owner: 'other' }])],
    [
      'register',
      (scope) =>
        scope.register({
          certificate: certificateInput(),
          agent: { ...agentInput({ owner: 'other', certificateId: '' }), certificateId: undefined },
        }),
    ],
  ])('a scope refuses an input that names another owner with INVALID_INPUT in a call of %s', async (_, call) => {
    const database = await openTwoOwners();
    await expectNoChange(database, () => expectError('INVALID_INPUT', () => call(database.scope)));
  });
});

describe('a scope', () => {
  test('a scope refuses unique: name-version, which applies to all owners, and security events', async () => {
    const database = await openTwoOwners();
    const { scope } = database;
    const input = { certificate: certificateInput(), agent: { name: 'n', version: '1', publicKey: 'k' } };
    const unique = { unique: 'name-version' } as const;
    const agent = agentInput({ owner: 'own', certificateId: 'c-own' });
    await expectNoChange(database, async () => {
      await expectError('INVALID_INPUT', () => scope.agents.create(agent, unique));
      await expectError('INVALID_INPUT', () => scope.agents.createMany([agent], unique));
      await expectError('INVALID_INPUT', () => scope.register(input, unique));
      await expectError('INVALID_INPUT', () => scope.register({ ...input, event: {} } as typeof input));
    });
    expect(await scope.register(input, { unique: 'owner-name-version' })).not.toHaveProperty('eventId');
  });

  test('a scope has the same limits inside its transaction, which is rolled back when the callback throws', async () => {
    const { db, scope } = await openTwoOwners();
    const work = async (inside: OwnerTransactionScope): Promise<void> => {
      expect(await inside.agents.get('other')).toBeNull();
      expect(await inside.agents.delete('other')).toBe(false);
      expect(await inside.agents.setStatus('own', 'SUSPENDED')).toBe(true);
      throw new Error('undo');
    };
    await expect(scope.transaction(work)).rejects.toThrow('undo');
    expect((await db.getAgent('own'))?.status).toBe('ACTIVE');
    expect(await scope.transaction((inside) => inside.agents.count())).toBe(2);
  });

  test('a scope with only read access fails with PERMISSION_DENIED for every write', async () => {
    const database = await openTwoOwners();
    const reading = database.db.forOwner('own', { access: 'read' });
    const writes = (scope: OwnerTransactionScope): (() => Promise<unknown>)[] => [
      () => scope.agents.create(agentInput({ owner: 'own', certificateId: 'c-own' })),
      () => scope.agents.delete('own'),
      () => scope.agents.expireDue(),
      () => scope.certificates.revoke('c-own', reason),
      () => scope.register({ certificate: certificateInput(), agent: { name: 'n', version: '1', publicKey: 'k' } }),
    ];
    await expectNoChange(database, async () => {
      for (const write of writes(reading)) await expectError('PERMISSION_DENIED', write);
      await reading.transaction(async (inside) => {
        for (const write of writes(inside)) await expectError('PERMISSION_DENIED', write);
      });
    });
    expect(await reading.agents.count()).toBe(2);
  });

  test('a scope refuses the cursor of another scope', async () => {
    const { db, scope } = await openTwoOwners();
    const { nextCursor } = await db.forOwner('other').agents.page({}, { size: 1 });
    const whole = await db.agents.page({}, { size: 1 });
    for (const after of [nextCursor, whole.nextCursor]) {
      expect(after).toBeDefined();
      expect(await expectError('INVALID_INPUT', () => scope.agents.page({}, { after }))).toMatchObject({
        field: 'after',
      });
    }
  });

  test('a scope returns no cached record of another owner', async () => {
    const { db } = await openTestDatabase({ cache: { maxEntries: 10, ttlMs: 60_000 } });
    await db.createCertificate(certificateInput({ id: 'c', fingerprint: 'AA' }));
    await db.createAgent(agentInput({ id: 'a', owner: 'other', certificateId: 'c' }));
    const own = db.forOwner('own');
    for (let times = 0; times < 2; times += 1) {
      expect(await db.getAgent('a')).toMatchObject({ id: 'a' });
      expect(await db.getCertificate('c')).toMatchObject({ id: 'c' });
      expect(await own.agents.get('a')).toBeNull();
      expect(await own.certificates.get('c')).toBeNull();
      expect(await own.certificates.getByFingerprint('AA')).toBeNull();
    }
    await db.agents.transfer('a', { to: 'own' });
    expect(await own.agents.get('a')).toMatchObject({ owner: 'own' });
    expect(await own.certificates.get('c')).toMatchObject({ id: 'c' });
    expect(await db.forOwner('other').agents.get('a')).toBeNull();
  });
});
