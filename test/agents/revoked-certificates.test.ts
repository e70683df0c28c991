import type { AgentInput, DatabaseService, RevokedCertificateOptions, TransactionScope } from '../../src';
import { callUntyped, expectError, expectRefused } from '../support/expect-error';
import { agentInput, certificateInput, createCertificate } from '../support/factories';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

type Target = DatabaseService | TransactionScope;
type Attach = (target: Target, options?: RevokedCertificateOptions) => Promise<unknown>;

const agent: AgentInput = agentInput({ id: 'new', certificateId: 'revoked' });

/** Every way to attach an agent to a certificate that is REVOKED; a refusal throws. */
const ways: readonly (readonly [name: string, attach: Attach])[] = [
  ['create', (target, options) => target.agents.create(agent, options)],
  ['createAgent', (target, options) => target.createAgent(agent, options)],
  ['create with unique', (target, options) => target.agents.create(agent, { unique: 'name-version', ...options })],
  ['createMany with abort', (target, options) => target.agents.createMany([agent], options)],
  [
    'createMany with collect',
    async (target, options) => {
      const [result] = await target.agents.createMany([agent], { onError: 'collect', ...options });
      if (result?.ok === false) throw result.error;
    },
  ],
  [
    'register',
    (target, options) => {
      const certificate = certificateInput({ status: 'REVOKED' });
      return target.register({ certificate, agent: { ...agent, certificateId: undefined } }, options);
    },
  ],
  ['update', (target, options) => target.agents.update({ id: 'held', certificateId: 'revoked' }, options)],
  ['updateAgent', (target, options) => target.updateAgent({ id: 'held', certificateId: 'revoked' }, options)],
  [
    'rotate',
    (target, options) => target.certificates.rotate('valid', certificateInput({ status: 'REVOKED' }), options),
  ],
];

/** A database with a certificate of each kind, and the agent `held`, which holds the certificate `valid`. */
async function openWithCertificates(): Promise<TestDatabase> {
  const database = await openTestDatabase();
  await createCertificate(database.db, { id: 'valid' });
  await createCertificate(database.db, { id: 'revoked', status: 'REVOKED' });
  await database.db.createAgent(agentInput({ id: 'held', name: 'Other', certificateId: 'valid' }));
  return database;
}

describe.each(ways)('%s', (_, attach) => {
  test('refuses a REVOKED certificate with INVALID_TRANSITION', async () => {
    const database = await openWithCertificates();
    for (const options of [undefined, {}, { allowRevokedCertificate: false }]) {
      const error = await expectRefused(database, 'INVALID_TRANSITION', () => attach(database.db, options));
      expect(error).toMatchObject({ entity: 'certificate', retryable: false });
      expect(error.field).toMatch(/certificateId$/);
    }
  });

  test('refuses a REVOKED certificate inside a transaction and leaves the transaction usable', async () => {
    const { db } = await openWithCertificates();
    await db.transaction(async (tx) => {
      await expectError('INVALID_TRANSITION', () => attach(tx));
      await tx.agents.setMetadata('held', { went: 'on' });
    });
    expect((await db.getAgent('held'))?.metadata).toEqual({ went: 'on' });
    expect(await db.getAgent('new')).toBeNull();
  });

  test('accepts a REVOKED certificate with allowRevokedCertificate', async () => {
    const { db } = await openWithCertificates();
    await attach(db, { allowRevokedCertificate: true });
    const [attached] = (await db.queryAgents({})).filter(({ certificateId }) => certificateId !== 'valid');
    expect((await db.getCertificate(attached?.certificateId ?? ''))?.status).toBe('REVOKED');
  });
});

describe('an agent whose certificate is revoked afterwards', () => {
  test('can still be read, updated and written back unchanged', async () => {
    const { db } = await openWithCertificates();
    await db.certificates.revoke('valid', { reason: 'superseded', agents: 'keep' });
    const read = await db.getAgent('held');
    expect(await db.updateAgent({ ...read, id: 'held', description: 'changed' })).toBe(true);
    expect(await db.updateAgent({ id: 'held', certificateId: 'valid' })).toBe(true);
    await createCertificate(db, { id: 'fresh' });
    expect(await db.updateAgent({ id: 'held', certificateId: 'fresh' })).toBe(true);
    await expectError('INVALID_TRANSITION', () => db.updateAgent({ id: 'held', certificateId: 'valid' }));
  });

  test('moves to a valid certificate when the revoked one is rotated', async () => {
    const { db } = await openWithCertificates();
    await db.certificates.revoke('valid', { reason: 'superseded', agents: 'keep' });
    const id = await db.certificates.rotate('valid', certificateInput());
    expect((await db.getAgent('held'))?.certificateId).toBe(id);
  });
});

describe('createAgent and updateAgent', () => {
  test.each(['VALID', 'SUSPENDED', 'EXPIRED'] as const)('accepts a certificate with the status %s', async (status) => {
    const { db } = await openWithCertificates();
    await createCertificate(db, { id: 'other', status });
    expect(await db.createAgent(agentInput({ certificateId: 'other' }))).not.toBe('');
    expect(await db.updateAgent({ id: 'held', certificateId: 'other' })).toBe(true);
  });
});

describe('error precedence', () => {
  test('an update reports CONFLICT, the status, the default endpoint, the name and the certificate in this order', async () => {
    const database = await openWithCertificates();
    const { db } = database;
    await db.createAgent(agentInput({ id: 'holder', name: 'Held', certificateId: 'valid' }), {
      unique: 'name-version',
    });
    const certificate = { id: 'held', certificateId: 'revoked' };
    const name = { ...certificate, name: 'Held' };
    const endpoint = { ...name, defaultEndpoint: 'none' };
    const stale = { ifUpdatedAt: new Date(1) };
    expect(await db.updateAgent({ ...endpoint, id: 'absent' }, stale)).toBe(false);
    await expectRefused(database, 'INVALID_INPUT', () =>
      db.updateAgent({ ...endpoint, id: 'absent', name: '' }, stale),
    );
    await expectRefused(database, 'CONFLICT', () => db.updateAgent(endpoint, stale));
    await expectRefused(database, 'INVALID_INPUT', () => db.updateAgent(endpoint));
    await expectRefused(database, 'ALREADY_EXISTS', () => db.updateAgent(name));
    await expectRefused(database, 'INVALID_TRANSITION', () => db.updateAgent(certificate));
    await expectRefused(database, 'REFERENCE_NOT_FOUND', () => db.updateAgent({ id: 'held', certificateId: 'absent' }));
    await expectRefused(database, 'ALREADY_EXISTS', () => db.updateAgent({ ...name, certificateId: 'absent' }));
    await db.agents.setStatus('held', 'REVOKED');
    const error = await expectRefused(database, 'INVALID_TRANSITION', () =>
      db.updateAgent({ ...endpoint, status: 'ACTIVE' }),
    );
    expect(error).toMatchObject({ field: 'status' });
  });

  test('a creation reports a taken id or name before an unknown or REVOKED certificate', async () => {
    const database = await openWithCertificates();
    const { db } = database;
    const known = agentInput({ id: 'held', certificateId: 'absent' });
    const named = agentInput({ name: 'Other', certificateId: 'absent' });
    const unique = { unique: 'name-version' } as const;
    const revoked = { ...known, certificateId: 'revoked' };
    await expectRefused(database, 'ALREADY_EXISTS', () => db.createAgent(known));
    await expectRefused(database, 'ALREADY_EXISTS', () => db.createAgent(revoked));
    await expectRefused(database, 'ALREADY_EXISTS', () => db.agents.createMany([revoked]));
    await expectRefused(database, 'ALREADY_EXISTS', () => db.createAgent(named, unique));
    await expectRefused(database, 'ALREADY_EXISTS', () => db.agents.createMany([known]));
    await expectRefused(database, 'ALREADY_EXISTS', () => db.agents.createMany([named], unique));
  });
});

describe('allowRevokedCertificate', () => {
  test.each<[method: string, args: readonly unknown[]]>([
    ['create', [agent, { allowRevokedCertificate: 1 }]],
    ['createMany', [[agent], { allowRevokedCertificate: 'true' }]],
    ['update', [{ id: 'held' }, { allowRevokedCertificate: null }]],
    ['setStatus', ['held', 'ACTIVE', { allowRevokedCertificate: true }]],
  ])('is refused by agents.%s when it is not a boolean or has no effect', async (method, args) => {
    const database = await openWithCertificates();
    const call = () => callUntyped(database.db.agents, method, ...args);
    await expectRefused(database, 'INVALID_INPUT', call);
  });
});
