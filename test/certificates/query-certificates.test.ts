import type { CertificateInput, CertificateOrderField, CertificateQuery, Metadata } from '../../src';
import {
  badCounts,
  badMetadata,
  badTexts,
  eachOf,
  elementsOf,
  unstorableTexts,
  notTimes,
  valuesBut,
} from '../support/bad-values';
import { callUntyped, expectError } from '../support/expect-error';
import { createCertificate } from '../support/factories';
import { openTestDatabase, shareTestDatabase, type TestDatabase } from '../support/test-database';

const day = 86_400_000;
const now = Date.parse('2026-06-01T12:00:00.000Z');

/** Certificates to sort. "\uFFFD" comes before "😀" by code point, and after it by UTF-16 unit. */
const certificates: readonly Partial<CertificateInput>[] = [
  { id: 'a', subject: 'CN=b', issuer: 'CN=One', status: 'VALID', notAfter: new Date(now), fingerprint: 'AA:BB' },
  { id: 'B', subject: 'CN=a_%', issuer: 'CN=one', status: 'SUSPENDED', notAfter: new Date(now + 1), fingerprint: 'cc' },
  { id: 'é', subject: 'CN=B', issuer: 'CN=Two', status: 'REVOKED', notAfter: new Date(now + day), fingerprint: 'DD' },
  { id: '\uFFFD', subject: 'CN=Straße', issuer: '', status: 'EXPIRED', notAfter: new Date(-1), fingerprint: 'E:E' },
  { id: '😀', subject: '', issuer: 'CN=ÉCOLE', status: 'VALID', notAfter: new Date(now + day), fingerprint: 'ff' },
];
const metadata: readonly Metadata[] = [
  { type: 'ROOT_CA', size: 2048 },
  { type: 'AGENT', size: 2048, nested: { b: 1, a: [2] } },
  { type: 'AGENT', size: '2048' },
  {},
  { type: null, long: 'x'.repeat(9000) },
];
const createdAt = [5, 4, 4, 9, 4];
const notBefore = [-3, -7, -6, -3, -4];

async function fill({ db }: TestDatabase): Promise<void> {
  for (const [index, certificate] of certificates.entries()) {
    const times = { createdAt: new Date(createdAt[index] ?? 0), notBefore: new Date(notBefore[index] ?? 0) };
    await createCertificate(db, { ...certificate, ...times, metadata: metadata[index] ?? {} });
  }
}

const shared = shareTestDatabase({ now: () => now }, fill);

async function idsOf(query: CertificateQuery): Promise<string> {
  return (await shared().db.certificates.query(query)).map(({ id }) => id).join(' ');
}

describe('certificates.query', () => {
  test('certificates.query returns the same records as certificates.get', async () => {
    const { db } = shared();
    const found = await db.certificates.query();
    expect(found).toHaveLength(5);
    for (const certificate of found) expect(certificate).toStrictEqual(await db.getCertificate(certificate.id));
  });

  test('certificates.query runs one statement for several filters', async () => {
    const { db, statementsOf } = shared();
    const query = { subject: 'cn', issuer: 'one', metadata: { type: 'AGENT' }, ids: ['B'] };
    const statements = await statementsOf(async () => expect(await db.certificates.query(query)).toHaveLength(1));
    expect(statements).toHaveLength(1);
  });

  test.each<[string, CertificateQuery, string]>([
    ['ids, some of them repeated or unknown', { ids: ['é', 'a', 'a', 'A', 'unknown'] }, 'a é'],
    ['a part of the subject, in any case', { subject: 'cn=B' }, 'a é'],
    ['a literal % in the subject', { subject: '%' }, 'B'],
    ['a literal _% in the subject', { subject: 'A_%' }, 'B'],
    ['a literal backslash in the subject', { subject: '\\' }, ''],
    ['a code point with two upper-case code points', { subject: 'STRAßE' }, '\uFFFD'],
    ['a part that only full case folding would match', { subject: 'STRASSE' }, ''],
    ['a part of the issuer, in any case', { issuer: 'ONE' }, 'B a'],
    ['a part of the issuer beyond ASCII', { issuer: 'école' }, '😀'],
    ['subject and issuer', { subject: 'CN=', issuer: 'cn=o' }, 'B a'],
    ['several statuses', { status: ['EXPIRED', 'REVOKED', 'EXPIRED'] }, 'é \uFFFD'],
    ['a fingerprint in another notation', { fingerprint: 'C:C' }, 'B'],
    ['expiresBefore, strictly', { expiresBefore: new Date(now + 1) }, 'a \uFFFD'],
    ['expiresAfter, strictly', { expiresAfter: new Date(now + 1) }, 'é 😀'],
    ['a span', { expiresAfter: new Date(now - 1), expiresBefore: new Date(now + 2) }, 'B a'],
    ['a time after the last storable one', { expiresBefore: new Date(8.64e15) }, 'B a é \uFFFD 😀'],
    ['a time before the first storable one', { expiresAfter: new Date(-8.64e15) }, 'B a é \uFFFD 😀'],
    ['metadata', { metadata: { type: 'AGENT' } }, 'B é'],
    ['metadata of another type', { metadata: { size: '2048' } }, 'é'],
    ['null in metadata', { metadata: { type: null } }, '😀'],
    ['long metadata', { metadata: { long: 'x'.repeat(9000) } }, '😀'],
    ['nested metadata with keys in another order', { metadata: { nested: { a: [2], b: 1 } } }, 'B'],
    ['empty metadata, which do not filter', { metadata: {} }, 'B a é \uFFFD 😀'],
    ['undefined in every field', { subject: undefined, ids: undefined, status: undefined }, 'B a é \uFFFD 😀'],
    ['an empty subject', { subject: '' }, ''],
    ['an empty fingerprint', { fingerprint: '' }, ''],
    ['a fingerprint of colons', { fingerprint: '::' }, ''],
    ['an empty list of ids', { ids: [] }, ''],
    ['an empty list of statuses', { status: [] }, ''],
  ])('certificates.query returns the certificates that match %s', async (_, query, expected) => {
    expect(await idsOf({ orderBy: 'id', ...query })).toBe(expected);
  });
});

describe('order of certificates', () => {
  test('certificates.query sorts by descending createdAt by default, then by ascending id', async () => {
    expect(await idsOf({})).toBe('\uFFFD a B é 😀');
    expect(await idsOf({ orderDirection: 'desc' })).toBe('\uFFFD a B é 😀');
    expect(await idsOf({ orderDirection: 'asc' })).toBe('B é 😀 a \uFFFD');
  });

  test.each<[CertificateOrderField, string, string]>([
    ['id', 'B a é \uFFFD 😀', '😀 \uFFFD é a B'],
    ['subject', '😀 é \uFFFD B a', 'a B \uFFFD é 😀'],
    ['notBefore', 'B é 😀 a \uFFFD', 'a \uFFFD 😀 é B'],
    ['notAfter', '\uFFFD a B é 😀', 'é 😀 B a \uFFFD'],
    ['createdAt', 'B é 😀 a \uFFFD', '\uFFFD a B é 😀'],
  ])(
    'certificates.query sorts by %s in ascending order by default, then by ascending id',
    async (orderBy, upwards, downwards) => {
      expect(await idsOf({ orderBy })).toBe(upwards);
      expect(await idsOf({ orderBy, orderDirection: 'asc' })).toBe(upwards);
      expect(await idsOf({ orderBy, orderDirection: 'desc' })).toBe(downwards);
      expect(await idsOf({ orderBy, subject: 'cn=', orderDirection: 'desc' })).toBe(
        downwards.replace(/ ?😀/, '').trim(),
      );
    },
  );
});

describe('certificates.query', () => {
  test.each<[CertificateQuery, string]>([
    [{ limit: 2 }, '\uFFFD a'],
    [{ offset: 3 }, 'é 😀'],
    [{ limit: 0 }, ''],
    [{ offset: 9 }, ''],
    [{ limit: Number.MAX_SAFE_INTEGER, offset: 4 }, '😀'],
    [{ limit: 1, offset: Number.MAX_SAFE_INTEGER }, ''],
  ])('certificates.query returns the range that limit and offset select: %j', async (range, expected) => {
    expect(await idsOf(range)).toBe(expected);
  });

  test('certificates.query fails with RESULT_TOO_LARGE when more than maxResults match and no limit is set', async () => {
    const { db } = await openTestDatabase({ maxResults: 2 });
    for (let count = 0; count < 3; count += 1) await createCertificate(db, { subject: `CN=${count}` });
    const error = await expectError('RESULT_TOO_LARGE', () => db.certificates.query({}));
    expect(error).toMatchObject({ operation: 'certificates.query', retryable: false });
    expect(await db.certificates.query({ limit: 3 })).toHaveLength(3);
    expect(await db.certificates.query({ offset: 1 })).toHaveLength(2);
    expect(await db.certificates.query({ expiresBefore: new Date(0) })).toHaveLength(0);
    await createCertificate(db);
    await expectError('RESULT_TOO_LARGE', () => db.certificates.query({ offset: 1 }));
  });

  test.each([
    ...['subject', 'issuer', 'fingerprint'].flatMap((field) =>
      eachOf(field, [...valuesBut('text', 'undefined'), ...unstorableTexts]),
    ),
    ...eachOf('ids', valuesBut('array', 'undefined')),
    ...elementsOf('ids', badTexts),
    ...eachOf('status', valuesBut('array', 'undefined')),
    ...elementsOf('status', [...valuesBut(), ['an agent’s status', 'ACTIVE'], ['another case', 'valid']]),
    ...['expiresBefore', 'expiresAfter'].flatMap((field) => eachOf(field, notTimes)),
    ...badMetadata,
    ...['limit', 'offset'].flatMap((field) => eachOf(field, badCounts)),
    ...eachOf('orderBy', [
      ...valuesBut('undefined'),
      ['an empty text', ''],
      ['the name of a column', 'created_at'],
      ['a field without an order', 'fingerprint'],
      ['an inherited property', 'constructor'],
      ['SQL', 'id; DROP TABLE certificates'],
    ]),
    ...eachOf('orderDirection', [...valuesBut('undefined'), ['an empty text', ''], ['another case', 'DESC']]),
    ...['id', 'name', 'Subject', 'cursor'].map((field) => [field, { [field]: undefined }, 'query'] as const),
  ])(
    'certificates.query refuses an invalid field, even when another field matches nothing: %s',
    async (_, fields, field) => {
      for (const query of [fields, { subject: '', ids: [], ...fields }]) {
        const error = await expectError('INVALID_INPUT', () => shared().db.certificates.query(query));
        expect(error).toMatchObject({ field, operation: 'certificates.query', retryable: false });
        expect(error.message).toMatch(/^Failed to query certificates: /);
      }
    },
  );

  test.each<[string, ...args: unknown[]]>([
    ...valuesBut('object', 'undefined').map(([kind, value]) => [`${kind} in place of a query`, value] as const),
    ['unknown options', {}, { limit: 1 }],
  ] as [string, ...unknown[]][])('certificates.query refuses %s', async (_, ...args) => {
    await expectError('INVALID_INPUT', () => callUntyped(shared().db.certificates, 'query', ...args));
  });
});
