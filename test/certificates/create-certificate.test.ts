import { CertificateStatus, type Certificate, type CertificateInput, type DatabaseService } from '../../src';
import {
  badIds,
  badMetadata,
  badTexts,
  eachOf,
  unstorableTexts,
  unstorableTimes,
  valuesBut,
  type BadField,
} from '../support/bad-values';
import { callUntyped, expectError, expectRefused, expectUnchangedRows } from '../support/expect-error';
import { certificateInput, createCertificate, uuidv7 } from '../support/factories';
import { callMethod } from '../support/public-calls';
import { allRawRows, rawCounts } from '../support/raw-reader';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';

const now = Date.parse('2026-06-01T12:00:00.007Z');

/** A certificate with every field, as it is read back. */
const whole: Certificate = {
  id: 'certificate-1',
  subject: 'CN=agent.example\nO=Straße\\, GmbH',
  issuer: 'CN=ANS CA',
  notBefore: new Date('2026-01-01T00:00:00.001Z'),
  notAfter: new Date('2036-01-01T00:00:00.002Z'),
  publicKey: '-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n',
  certificate: '-----BEGIN CERTIFICATE-----\r\nMIIB\r\n-----END CERTIFICATE-----\r\n',
  fingerprint: 'AA:bb:0C:dd',
  serialNumber: '0CF08E5C0816A5AD427FF0EB271859D0',
  status: 'REVOKED',
  metadata: { type: 'AGENT', keySize: 256, usages: ['sign', null, { a: 0 }], 'ключ "1"\\': true },
  createdAt: new Date('2026-02-03T04:05:06.007Z'),
  revokedAt: new Date('2026-03-04T05:06:07.008Z'),
  revocationReason: 'keyCompromise',
};

const badFields: readonly BadField[] = [
  ...['subject', 'issuer', 'publicKey', 'certificate', 'fingerprint'].flatMap((field) => eachOf(field, badTexts)),
  ...eachOf('serialNumber', [...valuesBut('text', 'undefined'), ...unstorableTexts]),
  ...eachOf('id', [...valuesBut('text', 'undefined'), ['an empty text', ''], ...unstorableTexts]),
  ...eachOf('publicKey', [['an empty text', '']]),
  ...eachOf('fingerprint', [['an empty text', ''], ['colons only', ':::']]), // prettier-ignore
  ...['notBefore', 'notAfter'].flatMap((field) => eachOf(field, [...unstorableTimes, ['undefined', undefined]])),
  ...eachOf('createdAt', unstorableTimes),
  ...eachOf('revokedAt', unstorableTimes, { status: 'REVOKED' }),
  ...eachOf('status', [...valuesBut('undefined'), ['an agent’s status', 'ACTIVE'], ['another case', 'valid']]),
  ...badMetadata,
  ...eachOf('replacedBy', [...valuesBut('undefined'), ...unstorableTexts]),
  ...eachOf('revocationReason', [...valuesBut('undefined'), ['another spelling', 'KEY_COMPROMISE']], {
    status: 'REVOKED',
  }),
  ...['serial_number', 'not_before', 'updatedAt'].map((field): BadField => [field, { [field]: 'x' }, 'certificate']),
];

const shared = shareTestDatabase({ now: () => now }, ({ db }) =>
  createCertificate(db, { id: 'known', fingerprint: 'AA:BB:0C', metadata: { a: 1 } }),
);

describe('createCertificate', () => {
  test('Certificate creation with valid data succeeds', async () => {
    const database = await openTestDatabase();
    expect(await database.db.createCertificate(whole)).toBe('certificate-1');
    expect(await database.db.getCertificate('certificate-1')).toStrictEqual(whole);
    expect(await rawCounts(database)).toMatchObject({ certificates: 1, certificate_metadata: 4 });
  });

  test.each([
    ['Certificate creation with duplicate fingerprint fails', 'fingerprint', { fingerprint: 'AA:BB:0C' }],
    [
      'createCertificate fails when an existing fingerprint differs only in letter case',
      'fingerprint',
      { fingerprint: 'aa:bb:0c' },
    ],
    [
      'createCertificate fails when an existing fingerprint differs only in colons',
      'fingerprint',
      { fingerprint: 'AABB0C' },
    ],
    [
      'createCertificate fails when an existing fingerprint differs only in letter case and colons',
      'fingerprint',
      { fingerprint: ':aabb0c' },
    ],
    ['createCertificate fails when the id exists', 'id', { id: 'known' }],
  ])('%s', async (_, field, fields) => {
    const second = certificateInput({ ...fields, metadata: { half: true } });
    const error = await expectRefused(shared(), 'ALREADY_EXISTS', () => shared().db.createCertificate(second));
    expect(error).toMatchObject({ entity: 'certificate', field, operation: 'certificates.create' });
  });

  test('createCertificate distinguishes fingerprints that differ in a space or a dash', async () => {
    const { db } = shared();
    for (const fingerprint of ['AA:BB', 'AA BB', 'AA-BB', ' AABB']) await createCertificate(db, { fingerprint });
    expect(await db.getCertificateByFingerprint('aa-bb')).toMatchObject({ fingerprint: 'AA-BB' });
  });

  test('createCertificate generates an id and sets the defaults of omitted fields', async () => {
    const { db } = shared();
    const input = certificateInput();
    const id = await db.createCertificate(input);
    expect(id).toMatch(uuidv7);
    const completed = { ...input, id, status: 'VALID', metadata: {}, createdAt: new Date(now) };
    expect(await db.getCertificate(id)).toStrictEqual(completed);
  });

  test.each<Partial<CertificateInput>>([
    { status: 'VALID' },
    { status: 'SUSPENDED' },
    { status: 'EXPIRED' },
    { status: 'REVOKED' },
    { status: 'REVOKED', revokedAt: new Date(1) },
    { status: 'REVOKED', revocationReason: 'keyCompromise' },
    { status: 'REVOKED', revokedAt: new Date(1), revocationReason: 'superseded' },
    { subject: '', issuer: '', publicKey: 'PEM', serialNumber: '' },
    { notBefore: new Date(1000), notAfter: new Date(1000) },
  ])('createCertificate stores %j and adds only id, status, metadata and createdAt', async (fields) => {
    const { db } = shared();
    const input = certificateInput(fields);
    const id = await db.createCertificate(input);
    const completed = { status: 'VALID', ...input, id, metadata: {}, createdAt: new Date(now) };
    expect(await db.getCertificate(id)).toStrictEqual(completed);
  });

  test.each(['0001-01-01T00:00:00.000Z', '1969-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'])(
    'createCertificate stores the time %s to the millisecond',
    async (iso) => {
      const { db } = shared();
      const time = new Date(iso);
      const times = { notBefore: time, notAfter: time, createdAt: time, revokedAt: time };
      const id = await createCertificate(db, { ...times, status: 'REVOKED' });
      expect(await db.getCertificate(id)).toMatchObject(times);
    },
  );
});

describe('invalid certificates', () => {
  expectUnchangedRows(shared);

  test.each(badFields)('createCertificate refuses invalid input: %s', async (_, fields, field) => {
    const certificate = { ...certificateInput(), ...fields };
    const error = await expectError('INVALID_INPUT', () => shared().db.createCertificate(certificate));
    expect(error).toMatchObject({ field, operation: 'certificates.create', retryable: false });
    expect(error.message).toMatch(/^Failed to create certificate: /);
    expect(error.message).toContain(Object.keys(fields).at(-1));
  });

  test.each(valuesBut())('createCertificate refuses %s in place of a certificate', async (_, value) => {
    await expectError('INVALID_INPUT', () => callUntyped(shared().db, 'createCertificate', value));
  });
});

const revocations = { revokedAt: new Date(1), revocationReason: 'keyCompromise' };
const notRevoked = [undefined, ...Object.values(CertificateStatus).filter((status) => status !== 'REVOKED')];

const agent = { name: 'a', publicKey: 'k', version: '1', owner: 'o' };

/** Invalid input that every call that stores a certificate refuses. */
const rules: readonly BadField[] = [
  ['replacedBy with the id of another certificate', { replacedBy: 'known' }, 'replacedBy'],
  ['replacedBy with its own id', { id: 'own', replacedBy: 'own' }, 'replacedBy'],
  ['replacedBy with an unknown id', { replacedBy: 'unknown' }, 'replacedBy'],
  ['replacedBy with an empty text', { replacedBy: '' }, 'replacedBy'],
  ['replacedBy with null', { replacedBy: null }, 'replacedBy'],
  ['notAfter before notBefore', { notBefore: new Date(2), notAfter: new Date(1) }, 'notAfter'],
  ...Object.entries(revocations).flatMap(([field, value]) =>
    notRevoked.map((status): BadField => [`${field} with the status ${status}`, { [field]: value, status }, field]),
  ),
];

describe.each<[string, prefix: string, (db: DatabaseService, certificate: object) => Promise<unknown>]>([
  ['createCertificate', '', (db, certificate) => callUntyped(db, 'createCertificate', certificate)],
  ['certificates.rotate', '', (db, certificate) => callUntyped(db.certificates, 'rotate', 'known', certificate)],
  ['register', 'certificate.', (db, certificate) => callUntyped(db, 'register', { certificate, agent })],
])('certificate of %s', (method, prefix, store) => {
  test.each(rules)(`${method} refuses a certificate with invalid input: %s`, async (_name, fields, field) => {
    const certificate = { ...certificateInput(), ...fields };
    const error = await expectRefused(shared(), 'INVALID_INPUT', () => store(shared().db, certificate));
    expect(error.field).toBe(prefix + field);
  });
});

describe('getCertificate', () => {
  test('Get certificate with valid ID returns correct certificate', async () => {
    const { db } = shared();
    await createCertificate(db, { id: 'other', subject: 'CN=other' });
    expect(await db.getCertificate('other')).toMatchObject({ id: 'other', subject: 'CN=other', metadata: {} });
    expect(await db.certificates.get('known')).toMatchObject({ id: 'known', metadata: { a: 1 } });
  });

  test('Get certificate with non-existent ID returns null', async () => {
    for (const id of ['certificate-2', 'Known', 'know%']) expect(await shared().db.getCertificate(id)).toBeNull();
  });
});

describe('getCertificateByFingerprint', () => {
  test('Get certificate with valid fingerprint returns correct certificate', async () => {
    const { db } = shared();
    const known = await db.getCertificate('known');
    expect(await db.getCertificateByFingerprint('AA:BB:0C')).toStrictEqual(known);
    expect(await db.certificates.getByFingerprint('AA:BB:0C')).toStrictEqual(known);
  });

  test('Get certificate with non-existent fingerprint returns null', async () => {
    for (const other of ['AA:BB:0', 'AA:BB:0CC', 'AABB0', '%', ':']) {
      expect(await shared().db.getCertificateByFingerprint(other)).toBeNull();
    }
  });

  test.each(['aa:bb:0c', 'AABB0C', 'aabb0c', 'aAb:B0:c', ':AA:BB:0C:'])(
    'getCertificateByFingerprint finds the certificate with the fingerprint AA:BB:0C by the text %s',
    async (text) => {
      expect(await shared().db.getCertificateByFingerprint(text)).toMatchObject({ fingerprint: 'AA:BB:0C' });
    },
  );
});

test.each<[method: string, field: string, rest: readonly unknown[]]>([
  ['getCertificate', 'id', []],
  ['getCertificateByFingerprint', 'fingerprint', []],
  ['certificates.getByFingerprint', 'fingerprint', []],
  ['updateCertificateStatus', 'id', ['EXPIRED']],
  ['certificates.revoke', 'id', [{ reason: 'unspecified', agents: 'keep' }]],
  ['certificates.rotate', 'oldId', [{}]],
  ['certificates.delete', 'id', []],
  ['certificates.setMetadata', 'id', [{}]],
])('%s refuses an invalid or empty %s', async (method, field, rest) => {
  const before = await allRawRows(shared());
  for (const [kind, id] of badIds) {
    const call = () => callMethod(shared().db, method, [id, ...rest]);
    const error = await expectError('INVALID_INPUT', call);
    expect({ kind, field: error.field }).toEqual({ kind, field });
    if (field === 'fingerprint') expect(error.operation).toBe('certificates.getByFingerprint');
  }
  expect(await allRawRows(shared())).toEqual(before);
});
