import type { AgentStatus, CertificateStatus } from '../../src';
import { callUntyped, expectRefused } from '../support/expect-error';
import { certificateInput, createAgent, createCertificate } from '../support/factories';
import { allRawRows } from '../support/raw-reader';
import { openTestDatabase } from '../support/test-database';
import { newsOf } from './feed';

const now = Date.parse('2026-06-01T12:00:00.007Z');
const long = new Date(now - 1_000_000);
const uuidv7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const agentStatuses: readonly AgentStatus[] = ['ACTIVE', 'DEPRECATED', 'EXPIRED', 'REVOKED', 'SUSPENDED'];

describe('rotate', () => {
  test('stores the new certificate, points all agents to it, and links the old one, whose status stays', async () => {
    const database = await openTestDatabase({ now: () => now });
    const { db } = database;
    await createCertificate(db, { id: 'old', metadata: { a: 1 } });
    for (const status of agentStatuses) {
      await createAgent(db, { id: status, status, certificateId: 'old', updatedAt: long, metadata: { a: 1 } });
    }
    await createAgent(db, { id: 'other', updatedAt: long });
    const [before, agent, other] = [
      await db.getCertificate('old'),
      await db.getAgent('REVOKED'),
      await db.getAgent('other'),
    ];
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

  test('of a certificate that no agent holds links the two', async () => {
    const database = await openTestDatabase();
    await createCertificate(database.db, { id: 'old' });
    let id = '';
    const news = await newsOf(database, async () => {
      id = await database.db.certificates.rotate('old', certificateInput());
    });
    expect(id).toMatch(uuidv7);
    expect(await database.db.getCertificate('old')).toMatchObject({ replacedBy: id });
    expect(news).toEqual([`CERTIFICATE ${id} CREATED`, 'CERTIFICATE old UPDATED']);
  });

  test('again and again leaves a chain that can be followed', async () => {
    const { db } = await openTestDatabase();
    await createCertificate(db, { id: 'c0' });
    const agentId = await createAgent(db, { certificateId: 'c0' });
    for (const step of [1, 2, 3]) await db.certificates.rotate(`c${step - 1}`, certificateInput({ id: `c${step}` }));
    const history = [];
    for (let id: string | undefined = 'c0'; id !== undefined; id = (await db.getCertificate(id))?.replacedBy)
      history.push(id);
    expect(history).toEqual(['c0', 'c1', 'c2', 'c3']);
    expect(await db.getAgent(agentId)).toMatchObject({ certificateId: 'c3' });
  });

  test.each<CertificateStatus>(['VALID', 'SUSPENDED', 'EXPIRED', 'REVOKED'])(
    'replaces a certificate that is %s, which stays so',
    async (status) => {
      const { db } = await openTestDatabase();
      await createCertificate(db, { id: 'old', status });
      const before = await db.getCertificate('old');
      const replacedBy = await db.certificates.rotate('old', certificateInput());
      expect(await db.getCertificate('old')).toStrictEqual({ ...before, replacedBy });
    },
  );

  test('of an unknown certificate is REFERENCE_NOT_FOUND, and nothing is kept', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    await createCertificate(db, { fingerprint: 'AA' });
    for (const input of [
      certificateInput({ metadata: { a: 1 } }),
      certificateInput({ id: 'unknown', fingerprint: 'bb' }),
    ]) {
      const error = await expectRefused(database, 'REFERENCE_NOT_FOUND', () =>
        db.certificates.rotate('unknown', input),
      );
      expect(error).toMatchObject({ entity: 'certificate', field: 'oldId', operation: 'certificates.rotate' });
    }
  });

  test('of a certificate that has a successor is CONFLICT, and nothing is kept', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    await createCertificate(db, { id: 'old' });
    await createAgent(db, { certificateId: 'old' });
    await db.certificates.rotate('old', certificateInput());
    const rotate = () => db.certificates.rotate('old', certificateInput({ metadata: { a: 1 } }));
    const error = await expectRefused(database, 'CONFLICT', rotate);
    expect(error).toMatchObject({ entity: 'certificate', operation: 'certificates.rotate', retryable: false });
    expect(error.message).toMatch(/^Failed to rotate certificate: /);
  });

  test.each([
    ['id', { id: 'taken' }],
    ['id', { id: 'old' }],
    ['fingerprint', { fingerprint: 'A:A' }],
    ['fingerprint', { fingerprint: 'bb' }],
  ])('to a %s that is taken is ALREADY_EXISTS, and nothing is kept', async (field, fields) => {
    const database = await openTestDatabase();
    const { db } = database;
    await createCertificate(db, { id: 'taken', fingerprint: 'AA' });
    await createCertificate(db, { id: 'old', fingerprint: 'BB' });
    await createAgent(db, { certificateId: 'old' });
    const rotate = () => db.certificates.rotate('old', certificateInput({ metadata: { a: 1 }, ...fields }));
    const error = await expectRefused(database, 'ALREADY_EXISTS', rotate);
    expect(error).toMatchObject({ entity: 'certificate', field, operation: 'certificates.rotate' });
  });

  test('to a certificate that has a successor already is refused', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    await createCertificate(db, { id: 'old' });
    const successor = { ...certificateInput(), replacedBy: 'old' };
    const rotate = () => db.certificates.rotate('old', successor);
    expect(await expectRefused(database, 'INVALID_INPUT', rotate)).toMatchObject({ field: 'replacedBy' });
  });

  test.each([
    undefined,
    null,
    'new',
    [],
    { subject: 'CN=x' },
    { ...certificateInput({ fingerprint: 'AA' }), serial: 1 },
  ])('to %p is refused', async (input) => {
    const database = await openTestDatabase();
    await createCertificate(database.db, { id: 'old' });
    const rotate = () => callUntyped(database.db.certificates, 'rotate', 'old', input);
    expect(await expectRefused(database, 'INVALID_INPUT', rotate)).toMatchObject({
      operation: 'certificates.rotate',
    });
  });

  test('is rolled back with its transaction', async () => {
    const database = await openTestDatabase();
    await createCertificate(database.db, { id: 'old' });
    await createAgent(database.db, { id: 'a', certificateId: 'old' });
    const before = await allRawRows(database);
    const failing = database.db.transaction(async (tx) => {
      const certificateId = await tx.certificates.rotate('old', certificateInput({ metadata: { a: 1 } }));
      expect(await tx.getAgent('a')).toMatchObject({ certificateId });
      throw new RangeError('enough');
    });
    await expect(failing).rejects.toThrow(RangeError);
    expect(await allRawRows(database)).toEqual(before);
  });
});
