import type { Certificate, Metadata } from '../../src';
import { agentInput, certificateInput, createCertificate } from '../support/factories';
import { expectError, expectRefused } from '../support/expect-error';
import { rawCounts } from '../support/raw-reader';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';

const uuidv7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const now = Date.parse('2026-06-01T12:00:00.007Z');

/** A certificate with everything that one can have, as it is read back; `successor` has to exist. */
const whole: Certificate = {
  id: 'certificate-1',
  subject: 'CN=agent.example\nO=Straße\\, GmbH',
  issuer: 'CN=ANS CA',
  notBefore: new Date('2026-01-01T00:00:00.001Z'),
  notAfter: new Date('2036-01-01T00:00:00.002Z'),
  publicKey: '-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n',
  certificate: '-----BEGIN CERTIFICATE-----\r\nMIIB\r\n-----END CERTIFICATE-----\r\n',
  fingerprint: 'AA:bb:0C:dd',
  status: 'REVOKED',
  metadata: { type: 'AGENT', keySize: 256, usages: ['sign', null, { a: 0 }], 'ключ "1"\\': true },
  createdAt: new Date('2026-02-03T04:05:06.007Z'),
  revokedAt: new Date('2026-03-04T05:06:07.008Z'),
  revocationReason: 'keyCompromise',
};

describe('createCertificate', () => {
  test('Certificate creation with valid data succeeds', async () => {
    const { db } = await openTestDatabase();
    expect(await db.createCertificate(whole)).toBe('certificate-1');
    expect(await db.getCertificate('certificate-1')).toStrictEqual(whole);
  });

  test('Certificate creation with duplicate fingerprint fails', async () => {
    const database = await openTestDatabase();
    await createCertificate(database.db, { fingerprint: 'AA:BB' });
    const second = certificateInput({ fingerprint: 'AA:BB', metadata: { half: true } });
    const error = await expectRefused(database, 'ALREADY_EXISTS', () => database.db.createCertificate(second));
    expect(error).toMatchObject({ entity: 'certificate', field: 'fingerprint', operation: 'certificates.create' });
  });

  test('a duplicate id fails', async () => {
    const database = await openTestDatabase();
    await createCertificate(database.db, { id: 'same' });
    const second = certificateInput({ id: 'same', metadata: { half: true } });
    const error = await expectRefused(database, 'ALREADY_EXISTS', () => database.db.createCertificate(second));
    expect(error).toMatchObject({ entity: 'certificate', field: 'id' });
  });

  test.each(['other', 'own', 'unknown'])(
    'refuses replacedBy, which only rotate may set, with the value %s',
    async (replacedBy) => {
      const database = await openTestDatabase();
      await createCertificate(database.db, { id: 'other' });
      const replaced = { ...certificateInput({ id: 'own' }), replacedBy };
      const error = await expectRefused(database, 'INVALID_INPUT', () => database.db.createCertificate(replaced));
      expect(error).toMatchObject({ field: 'replacedBy' });
    },
  );

  test('refuses notAfter before notBefore and accepts equal times', async () => {
    const database = await openTestDatabase();
    const [notBefore, notAfter] = [new Date(1000), new Date(999)];
    const backwards = certificateInput({ notBefore, notAfter });
    const error = await expectRefused(database, 'INVALID_INPUT', () => database.db.createCertificate(backwards));
    expect(error).toMatchObject({ field: 'notAfter' });
    await createCertificate(database.db, { id: 'old', notBefore, notAfter: notBefore });
    const rotation = await expectRefused(database, 'INVALID_INPUT', () =>
      database.db.certificates.rotate('old', backwards),
    );
    expect(rotation).toMatchObject({ field: 'notAfter' });
    const registration = await expectRefused(database, 'INVALID_INPUT', () =>
      database.db.register({
        certificate: backwards,
        agent: { ...agentInput({ certificateId: '' }), certificateId: undefined },
      }),
    );
    expect(registration).toMatchObject({ field: 'certificate.notAfter' });
  });

  test('completes what is left out', async () => {
    const { db } = await openTestDatabase({ now: () => now });
    const input = certificateInput({ fingerprint: 'CC' });
    const id = await db.createCertificate(input);
    expect(id).toMatch(uuidv7);
    const completed = { ...input, id, status: 'VALID', metadata: {}, createdAt: new Date(now) };
    expect(await db.getCertificate(id)).toStrictEqual(completed);
  });

  test.each(['VALID', 'SUSPENDED', 'EXPIRED', 'REVOKED'] as const)(
    'a certificate may be stored as %s',
    async (status) => {
      const { db } = await openTestDatabase();
      const id = await createCertificate(db, { status });
      const certificate = await db.getCertificate(id);
      expect(certificate).toMatchObject({ status });
      expect(certificate).not.toHaveProperty('revokedAt');
      expect(certificate).not.toHaveProperty('revocationReason');
      expect(certificate).not.toHaveProperty('replacedBy');
    },
  );

  test('subjects may be empty or shared, and so may keys and PEM texts', async () => {
    const { db } = await openTestDatabase();
    const ids = [];
    for (const subject of ['', '', 'CN=a', 'CN=a']) ids.push(await createCertificate(db, { subject, issuer: '' }));
    expect(new Set(ids).size).toBe(4);
    expect(await db.getCertificate(ids[0] ?? '')).toMatchObject({ subject: '', issuer: '' });
  });

  test('db.certificates does what the flat methods do', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    await createCertificate(db, { id: 'successor' });
    expect(await db.certificates.create(whole)).toBe(whole.id);
    expect(await db.certificates.get(whole.id)).toStrictEqual(whole);
    expect(await db.certificates.getByFingerprint(whole.fingerprint)).toStrictEqual(whole);
    expect(await db.certificates.updateStatus('successor', 'EXPIRED')).toBe(true);
    expect(await rawCounts(database)).toMatchObject({ certificates: 2, certificate_metadata: 4 });
  });
});

describe('getCertificate', () => {
  test('Get certificate with valid ID returns correct certificate', async () => {
    const { db } = await openTestDatabase();
    await createCertificate(db, { id: 'successor' });
    await db.createCertificate(whole);
    expect(await db.getCertificate(whole.id)).toStrictEqual(whole);
    expect(await db.getCertificate('successor')).toMatchObject({ id: 'successor' });
  });

  test('Get certificate with non-existent ID returns null', async () => {
    const { db } = await openTestDatabase();
    await createCertificate(db, { id: 'certificate-1' });
    expect(await db.getCertificate('certificate-2')).toBeNull();
    expect(await db.getCertificate('Certificate-1')).toBeNull();
  });

  test('an empty id is refused', async () => {
    const { db } = await openTestDatabase();
    expect(await expectError('INVALID_INPUT', () => db.getCertificate(''))).toMatchObject({ field: 'id' });
  });
});

describe('values of a certificate', () => {
  const shared = shareTestDatabase();

  test.each([
    ['emoji and right to left', '👩‍👩‍👧 مرحبا \u202E'],
    ['4-byte code points and combining marks', '𐐀 e\u0301 é'],
    ['edge spaces and line ends', ' \t\r\n x \n '],
    ['quotes, backslashes and SQL', `\\'; DROP TABLE certificates; -- "`],
    ['control and non-characters', '\u0001\u007f\uFEFF\uFFFF'],
  ])('%s come back equal in every text', async (_, text) => {
    const { db } = shared();
    const metadata = { [text]: text, nested: [{ [text]: text }] };
    const fields = { id: text, subject: text, issuer: text, publicKey: text, certificate: text, fingerprint: text };
    await db.createCertificate(certificateInput({ ...fields, metadata }));
    expect(await db.getCertificate(text)).toMatchObject({ ...fields, metadata });
    expect(await db.getCertificateByFingerprint(text)).toMatchObject(fields);
  });

  test.each(['0001-01-01T00:00:00.000Z', '1969-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'])(
    '%s is kept to the millisecond',
    async (iso) => {
      const { db } = shared();
      const time = new Date(iso);
      const times = { notBefore: time, notAfter: time, createdAt: time, revokedAt: time };
      const id = await createCertificate(db, { ...times, status: 'REVOKED' });
      expect(await db.getCertificate(id)).toMatchObject(times);
    },
  );

  test('the metadata key __proto__ is a key like any other', async () => {
    const { db } = shared();
    const metadata = JSON.parse('{"__proto__":{"a":[1]}}') as Metadata;
    const certificate = await db.getCertificate(await createCertificate(db, { metadata }));
    expect(JSON.stringify(certificate?.metadata)).toBe('{"__proto__":{"a":[1]}}');
  });
});
