import type { AgentUpdate, DatabaseErrorCode } from '../../src';
import { callUntyped, expectRefused } from '../support/expect-error';
import { agentInput, certificateInput, createCertificate, eventInput } from '../support/factories';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

const unique = { unique: 'name-version' } as const;

/** Certificates `valid`, `revoked`, `replaced`; agents `known`, `dead` (REVOKED) and `holder` (of the name Held). */
async function openFilled(): Promise<TestDatabase> {
  const database = await openTestDatabase();
  const { db } = database;
  await createCertificate(db, { id: 'valid', fingerprint: 'AA' });
  await createCertificate(db, { id: 'revoked', status: 'REVOKED' });
  await createCertificate(db, { id: 'replaced' });
  await db.certificates.rotate('replaced', certificateInput({ id: 'successor' }));
  await db.createAgent(agentInput({ id: 'known', certificateId: 'valid' }));
  await db.createAgent(agentInput({ id: 'dead', certificateId: 'valid', status: 'REVOKED' }));
  await db.createAgent(agentInput({ id: 'holder', name: 'Held', certificateId: 'valid' }), unique);
  await db.recordSecurityEvent(eventInput({ id: 'event' }));
  return database;
}

type Mistake = readonly [code: DatabaseErrorCode, field: string, fields: Partial<AgentUpdate>, isStale: boolean];

/** Mistakes of an update in the order in which they are reported; each is made together with every later one. */
const updateMistakes: readonly Mistake[] = [
  ['INVALID_INPUT', 'owner', { owner: '' }, false],
  ['CONFLICT', 'updatedAt', {}, true],
  ['INVALID_TRANSITION', 'status', { id: 'dead', status: 'ACTIVE' }, false],
  ['INVALID_INPUT', 'defaultEndpoint', { defaultEndpoint: 'nowhere' }, false],
  ['ALREADY_EXISTS', 'name', { name: 'Held' }, false],
  ['REFERENCE_NOT_FOUND', 'certificateId', { certificateId: 'nowhere' }, false],
];

const updatePairs = updateMistakes.flatMap((first, index) =>
  updateMistakes.slice(index + 1).map((second) => [`${first[0]} (${first[1]})`, second[0], first, second] as const),
);

describe('updateAgent with two mistakes', () => {
  test.each(updatePairs)('reports %s before %s', async (_, _second, [code, field, fields, stale], second) => {
    const database = await openFilled();
    const update = { id: 'known', ...second[2], ...fields };
    const options = stale || second[3] ? { ifUpdatedAt: new Date(1) } : {};
    const error = await expectRefused(database, code, () => database.db.updateAgent(update, options));
    expect(error.field).toBe(field);
  });

  test.each(updateMistakes.slice(0, -1))(
    'reports %s (%s) before a REVOKED certificate',
    async (code, field, fields, stale) => {
      const database = await openFilled();
      const update = { id: 'known', certificateId: 'revoked', ...fields };
      const options = stale ? { ifUpdatedAt: new Date(1) } : {};
      const error = await expectRefused(database, code, () => database.db.updateAgent(update, options));
      expect(error.field).toBe(field);
    },
  );

  test.each(updateMistakes.slice(1))('reports an absent agent before %s (%s)', async (_code, _field, fields, stale) => {
    const { db } = await openFilled();
    expect(await db.updateAgent({ ...fields, id: 'absent' }, stale ? { ifUpdatedAt: new Date(1) } : {})).toBe(false);
  });

  test('reports INVALID_INPUT in the fields or the options before an absent agent', async () => {
    const database = await openFilled();
    const { db } = database;
    await expectRefused(database, 'INVALID_INPUT', () => db.updateAgent({ id: 'absent', owner: '' }));
    await expectRefused(database, 'INVALID_INPUT', () =>
      callUntyped(db, 'updateAgent', { id: 'absent' }, { ifUpdatedAt: 'yesterday' }),
    );
    await expectRefused(database, 'INVALID_INPUT', () =>
      db.updateAgent({ id: 'absent', endpoints: [], defaultEndpoint: 'nowhere' }),
    );
  });
});

describe('a stale ifUpdatedAt', () => {
  const stale = { ifUpdatedAt: new Date(1) };

  test.each<[string, (db: TestDatabase['db']) => Promise<boolean>]>([
    ['setStatus to the present status', (db) => db.agents.setStatus('known', 'ACTIVE', stale)],
    ['setStatus REVOKED of a revoked agent', (db) => db.agents.setStatus('dead', 'REVOKED', stale)],
    ['setStatus out of REVOKED', (db) => db.agents.setStatus('dead', 'ACTIVE', stale)],
    ['an update of nothing but the id', (db) => db.updateAgent({ id: 'known' }, stale)],
    ['mergeMetadata of nothing', (db) => db.agents.mergeMetadata('known', {}, stale)],
    ['setMetadata to what is there', (db) => db.agents.setMetadata('known', {}, stale)],
    ['setCapabilities to what is there', (db) => db.agents.setCapabilities('known', [], stale)],
    ['renew of a revoked agent', (db) => db.agents.renew('dead', new Date(), stale)],
  ])('fails with CONFLICT: %s', async (_, change) => {
    const database = await openFilled();
    const error = await expectRefused(database, 'CONFLICT', () => change(database.db));
    expect(error).toMatchObject({ entity: 'agent', field: 'updatedAt', retryable: true });
  });

  test('returns false when the agent does not exist', async () => {
    const { db } = await openFilled();
    expect(await db.agents.setStatus('absent', 'ACTIVE', stale)).toBe(false);
    expect(await db.agents.renew('absent', new Date(), stale)).toBe(false);
    expect(await db.agents.mergeMetadata('absent', {}, stale)).toBe(false);
  });
});

describe('a registration with two mistakes', () => {
  const taken = { id: 'known' };
  const cases: readonly (readonly [string, DatabaseErrorCode, field: string, fields: object, options: object])[] = [
    ['INVALID_INPUT over a taken id', 'INVALID_INPUT', 'owner', { ...taken, owner: '' }, {}],
    ['INVALID_INPUT over an unknown certificate', 'INVALID_INPUT', 'owner', { certificateId: 'none', owner: '' }, {}],
    ['INVALID_INPUT over a REVOKED certificate', 'INVALID_INPUT', 'owner', { certificateId: 'revoked', owner: '' }, {}],
    [
      'the default endpoint over a taken id',
      'INVALID_INPUT',
      'defaultEndpoint',
      { ...taken, defaultEndpoint: 'x' },
      {},
    ],
    ['a taken id over an unknown certificate', 'ALREADY_EXISTS', 'id', { ...taken, certificateId: 'none' }, {}],
    ['a taken id over a REVOKED certificate', 'ALREADY_EXISTS', 'id', { ...taken, certificateId: 'revoked' }, {}],
    ['a held name over an unknown certificate', 'ALREADY_EXISTS', 'name', { name: 'Held', certificateId: 'none' }, {}],
    [
      'a held name over a REVOKED certificate',
      'ALREADY_EXISTS',
      'name',
      { name: 'Held', certificateId: 'revoked' },
      {},
    ],
    [
      'a name that is to be unique over an unknown certificate',
      'ALREADY_EXISTS',
      'name',
      { certificateId: 'none' },
      unique,
    ],
    ['a taken id over a held name', 'ALREADY_EXISTS', 'id', { ...taken, name: 'Held' }, {}],
    ['the own id over the own held name', 'ALREADY_EXISTS', 'id', { id: 'holder', name: 'Held' }, {}],
    ['a taken id over a name that is to be unique', 'ALREADY_EXISTS', 'id', { ...taken }, unique],
  ];

  test.each(cases)('createAgent reports %s', async (_, code, field, fields, options) => {
    const database = await openFilled();
    const agent = agentInput({ certificateId: 'valid', ...fields });
    const error = await expectRefused(database, code, () => database.db.createAgent(agent, options));
    expect(error.field).toBe(field);
  });

  test.each(cases)('createMany reports %s, with abort and with collect', async (_, code, field, fields, options) => {
    const database = await openFilled();
    const agents = [agentInput({ certificateId: 'valid', ...fields })];
    const error = await expectRefused(database, code, () => database.db.agents.createMany(agents, options));
    expect(error.field).toBe(`agents[0].${field}`);
    const results = await database.db.agents.createMany(agents, { ...options, onError: 'collect' });
    expect(results).toMatchObject([{ ok: false, error: { code, field } }]);
  });

  test.each<[string, DatabaseErrorCode, string, object, object]>([
    [
      'INVALID_INPUT of the agent over a taken certificate',
      'INVALID_INPUT',
      'agent',
      { certificate: 'valid', owner: '' },
      {},
    ],
    [
      'a taken certificate over a taken agent',
      'ALREADY_EXISTS',
      'certificate',
      { certificate: 'valid', agent: 'known' },
      {},
    ],
    [
      'a taken certificate over REVOKED',
      'ALREADY_EXISTS',
      'certificate',
      { certificate: 'valid', status: 'REVOKED' },
      {},
    ],
    ['a taken agent over a REVOKED certificate', 'ALREADY_EXISTS', 'agent', { agent: 'known', status: 'REVOKED' }, {}],
    ['a held name over a REVOKED certificate', 'ALREADY_EXISTS', 'agent', { name: 'Held', status: 'REVOKED' }, {}],
    ['a unique name over a REVOKED certificate', 'ALREADY_EXISTS', 'agent', { status: 'REVOKED' }, unique],
    ['a taken agent over a taken event', 'ALREADY_EXISTS', 'agent', { agent: 'known', event: 'event' }, {}],
  ])('register reports %s', async (_, code, entity, fields, options) => {
    const { certificate, agent, event, status, ...rest } = fields as Record<string, string>;
    const database = await openFilled();
    const known = { ...agentInput({ certificateId: '', ...rest }), certificateId: undefined };
    const input = {
      certificate: { ...certificateInput(), id: certificate, status },
      agent: { ...known, id: agent },
      event: { ...eventInput(), id: event },
    };
    const error = await expectRefused(database, code, () => callUntyped(database.db, 'register', input, options));
    expect([error.entity, error.field?.split('.')[0]]).toContain(entity);
  });
});

describe('a rotation with two mistakes', () => {
  test.each<[string, string, object, DatabaseErrorCode, string]>([
    ['INVALID_INPUT over an unknown certificate', 'absent', { subject: 5 }, 'INVALID_INPUT', 'subject'],
    ['INVALID_INPUT over a replaced one', 'replaced', { subject: 5 }, 'INVALID_INPUT', 'subject'],
    ['an unknown certificate over REVOKED', 'absent', { status: 'REVOKED' }, 'REFERENCE_NOT_FOUND', 'oldId'],
    ['a replaced one over REVOKED', 'replaced', { status: 'REVOKED' }, 'CONFLICT', 'replacedBy'],
    ['a replaced one over a taken id', 'replaced', { id: 'valid' }, 'CONFLICT', 'replacedBy'],
    ['REVOKED over a taken id', 'valid', { id: 'valid', status: 'REVOKED' }, 'INVALID_TRANSITION', 'certificateId'],
    ['a taken id over an unknown certificate', 'absent', { id: 'valid' }, 'ALREADY_EXISTS', 'id'],
    [
      'a taken fingerprint over an unknown certificate',
      'absent',
      { fingerprint: 'a:a' },
      'ALREADY_EXISTS',
      'fingerprint',
    ],
  ])('rotate reports %s', async (_, oldId, fields, code, field) => {
    const database = await openFilled();
    const input = { ...certificateInput(), ...fields };
    const error = await expectRefused(database, code, () =>
      callUntyped(database.db.certificates, 'rotate', oldId, input),
    );
    expect(error.field).toBe(field);
  });

  test('rotate inside a transaction writes nothing when the certificate is refused', async () => {
    const { db } = await openFilled();
    await db.transaction(async (tx) => {
      const rotate = tx.certificates.rotate('absent', certificateInput({ id: 'fresh' }));
      await expect(rotate).rejects.toMatchObject({ code: 'REFERENCE_NOT_FOUND' });
      expect(await tx.certificates.get('fresh')).toBeNull();
    });
    expect(await db.getCertificate('fresh')).toBeNull();
  });
});
