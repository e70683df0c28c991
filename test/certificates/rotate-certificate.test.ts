import type { AgentStatus, CertificateStatus, DatabaseErrorCode } from '../../src';
import { callUntyped, expectRefused } from '../support/expect-error';
import { certificateInput, createAgent, createCertificate, uuidv7 } from '../support/factories';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';
import { newsOf } from './feed';

const now = Date.parse('2026-06-01T12:00:00.007Z');
const long = new Date(now - 1_000_000);
const agentStatuses: readonly AgentStatus[] = ['ACTIVE', 'DEPRECATED', 'EXPIRED', 'REVOKED', 'SUSPENDED'];

describe('certificates.rotate', () => {
  test('rotate stores the new certificate, assigns it to all agents, and links the old one to it', async () => {
    const { db, ...database } = await openTestDatabase({ now: () => now });
    await createCertificate(db, { id: 'old', metadata: { a: 1 } });
    for (const status of agentStatuses) {
      await createAgent(db, { id: status, status, certificateId: 'old', updatedAt: long, metadata: { a: 1 } });
    }
    await createAgent(db, { id: 'other', updatedAt: long });
    const before = await db.getCertificate('old');
    const [agent, other] = [await db.getAgent('REVOKED'), await db.getAgent('other')];
    const input = certificateInput({ id: 'new', metadata: { rotationReason: 'MANUAL' }, createdAt: long });
    const news = await newsOf(database, async () => expect(await db.certificates.rotate('old', input)).toBe('new'));
    expect(await db.getCertificate('new')).toStrictEqual({ ...input, status: 'VALID' });
    expect(await db.getCertificate('old')).toStrictEqual({ ...before, replacedBy: 'new' });
    expect(await db.getAgent('REVOKED')).toStrictEqual({ ...agent, certificateId: 'new', updatedAt: new Date(now) });
    expect(await db.getAgent('other')).toStrictEqual(other);
    const { fingerprint } = input;
    expect(await db.queryAgents({ fingerprint, orderBy: 'id' })).toMatchObject(agentStatuses.map((id) => ({ id })));
    expect(news).toEqual([
      'CERTIFICATE new CREATED',
      'CERTIFICATE old UPDATED',
      ...agentStatuses.map((id) => `AGENT ${id} UPDATED`),
    ]);
  });

  test.each<CertificateStatus>(['VALID', 'SUSPENDED', 'EXPIRED', 'REVOKED'])(
    'rotate replaces a certificate with the status %s without changing this status',
    async (status) => {
      const { db, ...database } = await openTestDatabase();
      await createCertificate(db, { id: 'old', status });
      const before = await db.getCertificate('old');
      let replacedBy = '';
      const news = await newsOf(database, async () => {
        replacedBy = await db.certificates.rotate('old', certificateInput());
      });
      expect(replacedBy).toMatch(uuidv7);
      expect(await db.getCertificate('old')).toStrictEqual({ ...before, replacedBy });
      expect(news).toEqual([`CERTIFICATE ${replacedBy} CREATED`, 'CERTIFICATE old UPDATED']);
    },
  );

  test('rotate links each certificate to its own successor, also after the first successor was deleted', async () => {
    const { db } = await openTestDatabase();
    const agentId = await createAgent(db, { certificateId: await createCertificate(db, { id: 'c0' }) });
    for (const step of [1, 2, 3]) await db.certificates.rotate(`c${step - 1}`, certificateInput({ id: `c${step}` }));
    const successorsOf = (...ids: string[]) =>
      Promise.all(ids.map(async (id) => (await db.getCertificate(id))?.replacedBy));
    expect(await successorsOf('c0', 'c1', 'c2', 'c3')).toEqual(['c1', 'c2', 'c3', undefined]);
    expect(await db.getAgent(agentId)).toMatchObject({ certificateId: 'c3' });
    expect(await db.certificates.delete('c1')).toBe(true);
    expect(await db.getCertificate('c0')).not.toHaveProperty('replacedBy');
    expect(await db.certificates.rotate('c0', certificateInput({ id: 'next' }))).toBe('next');
    expect(await successorsOf('c0')).toEqual(['next']);
  });

  const shared = shareTestDatabase({}, async ({ db }) => {
    await createCertificate(db, { id: 'valid', fingerprint: 'AA' });
    await createCertificate(db, { id: 'replaced', fingerprint: 'BB' });
    await createAgent(db, { certificateId: 'replaced' });
    await db.certificates.rotate('replaced', certificateInput({ id: 'successor' }));
  });

  // When a row has two mistakes, the test asserts which one is reported.
  test.each<[mistakes: string, oldId: string, fields: object, code: DatabaseErrorCode, field: string]>([
    ['an unknown certificate', 'absent', {}, 'REFERENCE_NOT_FOUND', 'oldId'],
    ['an unknown certificate that has the id of the new one', 'absent', { id: 'absent' }, 'REFERENCE_NOT_FOUND', 'oldId'], // prettier-ignore
    ['an unknown certificate before a REVOKED input', 'absent', { status: 'REVOKED' }, 'REFERENCE_NOT_FOUND', 'oldId'],
    ['a replaced certificate', 'replaced', {}, 'CONFLICT', 'replacedBy'],
    ['a replaced certificate before a REVOKED input', 'replaced', { status: 'REVOKED' }, 'CONFLICT', 'replacedBy'],
    ['a replaced certificate before a taken id', 'replaced', { id: 'valid' }, 'CONFLICT', 'replacedBy'],
    ['REVOKED before a taken id', 'valid', { id: 'valid', status: 'REVOKED' }, 'INVALID_TRANSITION', 'certificateId'],
    ['a taken id', 'valid', { id: 'successor' }, 'ALREADY_EXISTS', 'id'],
    ['a taken id that is the old one', 'valid', { id: 'valid' }, 'ALREADY_EXISTS', 'id'],
    ['a taken id before an unknown certificate', 'absent', { id: 'valid' }, 'ALREADY_EXISTS', 'id'],
    ['a taken fingerprint', 'valid', { fingerprint: 'b:b' }, 'ALREADY_EXISTS', 'fingerprint'],
    ['a taken fingerprint that is the old one', 'valid', { fingerprint: 'A:A' }, 'ALREADY_EXISTS', 'fingerprint'],
    ['a taken fingerprint before an unknown certificate', 'absent', { fingerprint: 'a:a' }, 'ALREADY_EXISTS', 'fingerprint'], // prettier-ignore
    ['an invalid field before an unknown certificate', 'absent', { subject: 5 }, 'INVALID_INPUT', 'subject'],
    ['an invalid field before a replaced certificate', 'replaced', { subject: 5 }, 'INVALID_INPUT', 'subject'],
  ])('rotate reports the first mistake: %s', async (_, oldId, fields, code, field) => {
    const input = { ...certificateInput({ metadata: { a: 1 } }), ...fields };
    const rotate = () => callUntyped(shared().db.certificates, 'rotate', oldId, input);
    const error = await expectRefused(shared(), code, rotate);
    expect(error).toMatchObject({ entity: 'certificate', field, operation: 'certificates.rotate', retryable: false });
    expect(error.message).toMatch(/^Failed to rotate certificate: /);
  });

  test.each([undefined, null, 'new', [], { subject: 'CN=x' }, { ...certificateInput(), serial: 1 }])(
    'rotate refuses %p in place of a certificate',
    async (input) => {
      const rotate = () => callUntyped(shared().db.certificates, 'rotate', 'valid', input);
      await expectRefused(shared(), 'INVALID_INPUT', rotate);
    },
  );
});
