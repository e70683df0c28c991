import { CertificateStatus, RevocationReason, type CertificateInput } from '../../src';
import { callUntyped, expectRefused } from '../support/expect-error';
import { createAgent, certificateInput, createCertificate } from '../support/factories';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';

const shared = shareTestDatabase({}, ({ db }) => createCertificate(db, { id: 'known' }));

describe('revocation', () => {
  test('accepts the reason names of RFC 5280, section 5.3.1', async () => {
    const { db } = await openTestDatabase();
    const names = [
      'unspecified',
      'keyCompromise',
      'cACompromise',
      'affiliationChanged',
      'superseded',
      'cessationOfOperation',
      'certificateHold',
      'removeFromCRL',
      'privilegeWithdrawn',
      'aACompromise',
    ] as const;
    expect(Object.values(RevocationReason).sort()).toEqual([...names].sort());
    for (const reason of names) {
      const id = await createCertificate(db);
      expect(await db.certificates.revoke(id, { reason, agents: 'keep' })).toEqual({ revoked: true, agents: [] });
      expect((await db.getCertificate(id))?.revocationReason).toBe(reason);
    }
  });

  test.each([[{ reason: 'unspecified' }], [{ reason: 'unspecified', agents: undefined }], [{ agents: null }]])(
    'fails with INVALID_INPUT without a valid agents option: %j',
    async (options) => {
      const input = { reason: 'unspecified', ...options };
      const revoke = () => callUntyped(shared().db.certificates, 'revoke', 'known', input);
      const error = await expectRefused(shared(), 'INVALID_INPUT', revoke);
      expect(error).toMatchObject({ field: 'agents', operation: 'certificates.revoke' });
    },
  );

  test.each([
    ['keep', 'ACTIVE', []],
    ['suspend', 'SUSPENDED', ['agent']],
    ['revoke', 'REVOKED', ['agent']],
  ] as const)('sets an ACTIVE agent to its status when agents is %s: %s', async (agents, status, changed) => {
    const { db } = await openTestDatabase();
    await createCertificate(db, { id: 'c' });
    await createAgent(db, { id: 'agent', certificateId: 'c' });
    const outcome = await db.certificates.revoke('c', { reason: 'keyCompromise', agents });
    expect(outcome).toEqual({ revoked: true, agents: changed });
    expect((await db.getAgent('agent'))?.status).toBe(status);
  });
});

describe('revokedAt and revocationReason on create', () => {
  const revocations: readonly (readonly [field: string, Partial<CertificateInput>])[] = [
    ['revokedAt', { revokedAt: new Date(1) }],
    ['revocationReason', { revocationReason: 'keyCompromise' }],
  ];
  const others = [undefined, ...Object.values(CertificateStatus).filter((status) => status !== 'REVOKED')];
  const cases = revocations.flatMap(([field, fields]) => others.map((status) => [field, status, fields] as const));

  test.each(cases)('fail with INVALID_INPUT when %s is given with status %s', async (field, status, fields) => {
    const { db } = shared();
    const certificate = certificateInput({ ...fields, status });
    const agent = { name: 'a', publicKey: 'k', version: '1', owner: 'o' };
    expect(await expectRefused(shared(), 'INVALID_INPUT', () => db.createCertificate(certificate))).toMatchObject({
      field,
    });
    await expectRefused(shared(), 'INVALID_INPUT', () => db.certificates.rotate('known', certificate));
    await expectRefused(shared(), 'INVALID_INPUT', () => db.register({ certificate, agent }));
  });

  test.each([
    ...revocations.map(([, fields]) => fields),
    { revokedAt: new Date(1), revocationReason: 'superseded' } as const,
    {},
  ])('are stored with status REVOKED: %j', async (fields) => {
    const { db } = await openTestDatabase();
    const id = await db.createCertificate(certificateInput({ ...fields, status: 'REVOKED' }));
    const certificate = await db.getCertificate(id);
    expect(certificate).toMatchObject({ ...fields, status: 'REVOKED' });
    for (const field of ['revokedAt', 'revocationReason']) {
      expect(Object.hasOwn(certificate ?? {}, field)).toBe(Object.hasOwn(fields, field));
    }
  });
});

describe('rotation', () => {
  test('fails with CONFLICT when the certificate was already replaced', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    await createCertificate(db, { id: 'old' });
    await createCertificate(db, { id: 'taken' });
    await db.certificates.rotate('old', certificateInput({ id: 'new' }));
    for (const fields of [{}, { id: 'taken' }, { status: 'REVOKED' } as const, { id: 'new' }]) {
      const rotate = () => db.certificates.rotate('old', certificateInput(fields));
      const error = await expectRefused(database, 'CONFLICT', rotate);
      expect(error).toMatchObject({ entity: 'certificate', field: 'replacedBy', retryable: false });
    }
  });

  test('points the agents of a revoked certificate to the new one and leaves the old one REVOKED', async () => {
    const { db } = await openTestDatabase();
    await createCertificate(db, { id: 'old' });
    await createAgent(db, { id: 'agent', certificateId: 'old' });
    await db.certificates.revoke('old', { reason: 'keyCompromise', agents: 'keep' });
    await db.certificates.rotate('old', certificateInput({ id: 'new' }));
    expect(await db.getCertificate('old')).toMatchObject({ status: 'REVOKED', replacedBy: 'new' });
    expect((await db.getAgent('agent'))?.certificateId).toBe('new');
  });

  test.each(['known', 'other', '', null])('refuses replacedBy: %j, as create and register do', async (replacedBy) => {
    const { db } = shared();
    const certificate = { ...certificateInput(), replacedBy };
    const agent = { name: 'a', publicKey: 'k', version: '1', owner: 'o' };
    for (const call of [
      () => callUntyped(db, 'createCertificate', certificate),
      () => callUntyped(db.certificates, 'rotate', 'known', certificate),
      () => callUntyped(db, 'register', { certificate, agent }),
    ]) {
      const error = await expectRefused(shared(), 'INVALID_INPUT', call);
      expect(error.field).toMatch(/replacedBy$/);
    }
  });

  test('removes the link when the successor is deleted, and then may be repeated', async () => {
    const { db } = await openTestDatabase();
    await createCertificate(db, { id: 'old' });
    await db.certificates.rotate('old', certificateInput({ id: 'new' }));
    expect(await db.certificates.delete('new')).toBe(true);
    expect(await db.getCertificate('old')).not.toHaveProperty('replacedBy');
    expect(await db.certificates.rotate('old', certificateInput({ id: 'next' }))).toBe('next');
    expect((await db.getCertificate('old'))?.replacedBy).toBe('next');
  });
});

describe('a certificate', () => {
  const times = { notBefore: new Date(2), notAfter: new Date(1) };

  test('fails with INVALID_INPUT on create, rotate and register when notAfter is before notBefore', async () => {
    const { db } = shared();
    const certificate = { ...certificateInput(), ...times };
    const agent = { name: 'a', publicKey: 'k', version: '1', owner: 'o' };
    for (const call of [
      () => db.createCertificate(certificate),
      () => db.certificates.rotate('known', certificate),
      () => db.register({ certificate, agent }),
    ]) {
      const error = await expectRefused(shared(), 'INVALID_INPUT', call);
      expect(error.field).toMatch(/notAfter$/);
    }
  });

  test('fails with INVALID_INPUT when it is requested by an empty fingerprint or an empty id', async () => {
    const { db } = shared();
    for (const [field, call] of [
      ['fingerprint', () => db.certificates.getByFingerprint('')],
      ['fingerprint', () => db.getCertificateByFingerprint('')],
      ['id', () => db.certificates.get('')],
      ['id', () => db.getCertificate('')],
    ] as const) {
      expect(await expectRefused(shared(), 'INVALID_INPUT', call)).toMatchObject({ field });
    }
  });
});
