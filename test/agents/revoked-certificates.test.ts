import type { AgentInput, DatabaseService, RevokedCertificateOptions, TransactionScope } from '../../src';
import { callUntyped, expectError, expectRefused, expectRolledBack } from '../support/expect-error';
import { agentInput, certificateInput, createCertificate } from '../support/factories';
import { openTestDatabase, shareTestDatabase, type TestDatabase } from '../support/test-database';

type Target = DatabaseService | TransactionScope;
type Attach = (target: Target, options?: RevokedCertificateOptions) => Promise<unknown>;

const agent: AgentInput = agentInput({ id: 'new', certificateId: 'revoked' });

/** All calls that attach an agent to a REVOKED certificate. A refused call throws. */
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

/** Creates the certificates `valid` and `revoked`, and the agent `held`, which holds the certificate `valid`. */
async function fill({ db }: TestDatabase): Promise<void> {
  await createCertificate(db, { id: 'valid' });
  await createCertificate(db, { id: 'revoked', status: 'REVOKED' });
  await db.createAgent(agentInput({ id: 'held', name: 'Other', certificateId: 'valid' }));
}

async function openFilled(): Promise<TestDatabase> {
  const database = await openTestDatabase();
  await fill(database);
  return database;
}

const shared = shareTestDatabase({}, fill);

describe.each(ways)('revoked certificate in %s', (way, attach) => {
  test(`${way} refuses a REVOKED certificate with INVALID_TRANSITION`, async () => {
    for (const options of [undefined, {}, { allowRevokedCertificate: false }]) {
      const error = await expectRefused(shared(), 'INVALID_TRANSITION', () => attach(shared().db, options));
      expect(error).toMatchObject({ entity: 'certificate', retryable: false });
      expect(error.field).toMatch(/certificateId$/);
    }
  });

  test(`${way} refuses a REVOKED certificate inside a transaction and leaves the transaction usable`, async () => {
    await expectRolledBack(shared(), async (tx) => {
      await expectError('INVALID_TRANSITION', () => attach(tx));
      await tx.agents.setMetadata('held', { went: 'on' });
      expect((await tx.getAgent('held'))?.metadata).toEqual({ went: 'on' });
      expect(await tx.getAgent('new')).toBeNull();
    });
  });

  test(`${way} accepts a REVOKED certificate when allowRevokedCertificate is true`, async () => {
    const { db } = await openFilled();
    await attach(db, { allowRevokedCertificate: true });
    const [attached] = (await db.queryAgents({})).filter(({ certificateId }) => certificateId !== 'valid');
    expect((await db.getCertificate(attached?.certificateId ?? ''))?.status).toBe('REVOKED');
  });
});

describe('later revocation', () => {
  test('an agent keeps a certificate that is revoked later, until it changes to another certificate', async () => {
    const { db } = await openFilled();
    await db.certificates.revoke('valid', { reason: 'superseded', agents: 'keep' });
    const read = await db.getAgent('held');
    expect(await db.updateAgent({ ...read, id: 'held', description: 'changed' })).toBe(true);
    expect(await db.updateAgent({ id: 'held', certificateId: 'valid' })).toBe(true);
    await createCertificate(db, { id: 'fresh' });
    expect(await db.updateAgent({ id: 'held', certificateId: 'fresh' })).toBe(true);
    await expectError('INVALID_TRANSITION', () => db.updateAgent({ id: 'held', certificateId: 'valid' }));
  });

  test('an agent with a revoked certificate gets the new certificate when rotate replaces the revoked one', async () => {
    const { db } = await openFilled();
    await db.certificates.revoke('valid', { reason: 'superseded', agents: 'keep' });
    const id = await db.certificates.rotate('valid', certificateInput());
    expect((await db.getAgent('held'))?.certificateId).toBe(id);
  });
});

describe('status of the certificate', () => {
  test.each(['VALID', 'SUSPENDED', 'EXPIRED'] as const)(
    'createAgent and updateAgent accept a certificate with the status %s',
    async (status) => {
      const { db } = await openFilled();
      await createCertificate(db, { id: 'other', status });
      expect(await db.createAgent(agentInput({ certificateId: 'other' }))).not.toBe('');
      expect(await db.updateAgent({ id: 'held', certificateId: 'other' })).toBe(true);
    },
  );
});

describe('allowRevokedCertificate', () => {
  test.each<[method: string, args: readonly unknown[]]>([
    ['create', [agent, { allowRevokedCertificate: 1 }]],
    ['createMany', [[agent], { allowRevokedCertificate: 'true' }]],
    ['update', [{ id: 'held' }, { allowRevokedCertificate: null }]],
    ['setStatus', ['held', 'ACTIVE', { allowRevokedCertificate: true }]],
  ])(
    'agents.%s refuses an allowRevokedCertificate that is invalid or not an option of the call',
    async (method, args) => {
      const call = () => callUntyped(shared().db.agents, method, ...args);
      await expectRefused(shared(), 'INVALID_INPUT', call);
    },
  );
});
