import type { CertificateInput, CertificateOrderField, CertificateQuery, Metadata } from '../../src';
import { certificateInput, createCertificate } from '../support/factories';
import { expectError } from '../support/expect-error';
import { openTestDatabase, shareTestDatabase, type TestDatabase } from '../support/test-database';

const day = 86_400_000;
const now = Date.parse('2026-06-01T12:00:00.000Z');

/** By code point "\uFFFD" comes before "😀", by UTF-16 unit after it. */
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

describe('A query of certificates', () => {
  test('gives whole certificates, as get does', async () => {
    const { db } = shared();
    const found = await db.certificates.query();
    expect(found).toHaveLength(5);
    for (const certificate of found) expect(certificate).toStrictEqual(await db.getCertificate(certificate.id));
  });

  test('takes one statement, whatever it is asked for', async () => {
    const { db, statementsOf } = shared();
    const query = {
      subject: 'cn',
      issuer: 'one',
      metadata: { type: 'AGENT' },
      ids: ['B'],
      status: ['SUSPENDED'] as const,
    };
    const statements = await statementsOf(async () => expect(await db.certificates.query(query)).toHaveLength(1));
    expect(statements).toHaveLength(1);
  });

  test.each<[string, CertificateQuery, string]>([
    ['ids, whatever is twice or unknown', { ids: ['é', 'a', 'a', 'A', 'unknown'] }, 'a é'],
    ['a part of the subject, in any case', { subject: 'cn=B' }, 'a é'],
    ['a short part of the subject', { subject: 'b' }, 'a é'],
    ['a part of the subject to the letter: %', { subject: '%' }, 'B'],
    ['a part of the subject to the letter: _%', { subject: 'A_%' }, 'B'],
    ['a part of the subject to the letter: a backslash', { subject: '\\' }, ''],
    ['a subject of one code point that would be two in upper case', { subject: 'STRAßE' }, '\uFFFD'],
    ['no part that only a normalisation would find', { subject: 'STRASSE' }, ''],
    ['a part of the issuer, in any case', { issuer: 'ONE' }, 'B a'],
    ['a part of the issuer beyond ASCII', { issuer: 'école' }, '😀'],
    ['subject and issuer', { subject: 'CN=', issuer: 'cn=o' }, 'B a'],
    ['a subject and ids', { subject: 'cn=', ids: ['a', '😀'] }, 'a'],
    ['a subject and metadata', { subject: 'cn=', metadata: { type: 'AGENT' } }, 'B é'],
    ['any of the statuses', { status: ['EXPIRED', 'REVOKED', 'EXPIRED'] }, 'é \uFFFD'],
    ['a fingerprint in another writing', { fingerprint: 'aabb' }, 'a'],
    ['a fingerprint in another writing', { fingerprint: 'C:C' }, 'B'],
    ['a fingerprint and another filter', { fingerprint: 'aabb', status: ['REVOKED'] }, ''],
    ['expiresBefore, strictly', { expiresBefore: new Date(now + 1) }, 'a \uFFFD'],
    ['expiresAfter, strictly', { expiresAfter: new Date(now + 1) }, 'é 😀'],
    ['a span', { expiresAfter: new Date(now - 1), expiresBefore: new Date(now + 2) }, 'B a'],
    ['times beyond all that can be stored', { expiresBefore: new Date(8.64e15) }, 'B a é \uFFFD 😀'],
    ['times beyond all that can be stored', { expiresAfter: new Date(-8.64e15) }, 'B a é \uFFFD 😀'],
    ['metadata', { metadata: { type: 'AGENT' } }, 'B é'],
    ['every key of the metadata', { metadata: { type: 'AGENT', size: 2048 } }, 'B'],
    ['metadata of the same type only', { metadata: { size: '2048' } }, 'é'],
    ['null in metadata', { metadata: { type: null } }, '😀'],
    ['long metadata', { metadata: { long: 'x'.repeat(9000) } }, '😀'],
    ['nested metadata, whatever the order of their keys', { metadata: { nested: { a: [2], b: 1 } } }, 'B'],
    ['anything by no metadata', { metadata: {} }, 'B a é \uFFFD 😀'],
    ['anything by undefined', { subject: undefined, ids: undefined, status: undefined }, 'B a é \uFFFD 😀'],
    ['nothing by an empty subject', { subject: '' }, ''],
    ['nothing by an empty issuer', { issuer: '' }, ''],
    ['nothing by an empty fingerprint', { fingerprint: '' }, ''],
    ['nothing by a fingerprint of colons', { fingerprint: '::' }, ''],
    ['nothing by no ids', { ids: [] }, ''],
    ['nothing by no status', { status: [] }, ''],
  ])('finds %s', async (_, query, expected) => {
    expect(await idsOf({ orderBy: 'id', ...query })).toBe(expected);
  });
});

describe('The order of certificates', () => {
  test('is newest first without orderBy, ties by id', async () => {
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
  ])('by %s is ascending unless it is said otherwise, ties by ascending id', async (orderBy, upwards, downwards) => {
    expect(await idsOf({ orderBy })).toBe(upwards);
    expect(await idsOf({ orderBy, orderDirection: 'asc' })).toBe(upwards);
    expect(await idsOf({ orderBy, orderDirection: 'desc' })).toBe(downwards);
    expect(await idsOf({ orderBy, subject: 'cn=', orderDirection: 'desc' })).toBe(downwards.replace(/ ?😀/, '').trim());
  });
});

describe('The window of a query of certificates', () => {
  test('limit and offset take a part of the order', async () => {
    expect(await idsOf({ limit: 2 })).toBe('\uFFFD a');
    expect(await idsOf({ limit: 2, offset: 1 })).toBe('a B');
    expect(await idsOf({ offset: 3 })).toBe('é 😀');
    expect(await idsOf({ limit: 0 })).toBe('');
    expect(await idsOf({ offset: 9 })).toBe('');
    expect(await idsOf({ limit: Number.MAX_SAFE_INTEGER, offset: 4 })).toBe('😀');
    expect(await idsOf({ limit: 1, offset: Number.MAX_SAFE_INTEGER })).toBe('');
  });

  test('more than maxResults without a limit are RESULT_TOO_LARGE', async () => {
    const { db } = await openTestDatabase({ maxResults: 2 });
    for (let count = 0; count < 3; count += 1) await createCertificate(db, { subject: `CN=${count}` });
    const error = await expectError('RESULT_TOO_LARGE', () => db.certificates.query({}));
    expect(error).toMatchObject({ operation: 'certificates.query', retryable: false });
    expect(await db.certificates.query({ limit: 3 })).toHaveLength(3);
    expect(await db.certificates.query({ offset: 1 })).toHaveLength(2);
    expect(await db.certificates.query({ expiresBefore: new Date(0) })).toHaveLength(0);
  });

  test('a query inside a transaction sees what the transaction has done', async () => {
    const { db } = await openTestDatabase();
    await db.transaction(async (tx) => {
      const id = await tx.createCertificate(certificateInput({ metadata: { mine: true } }));
      expect(await tx.certificates.query({ metadata: { mine: true } })).toMatchObject([{ id }]);
      expect(await db.certificates.query({ metadata: { mine: true } })).toEqual([]);
    });
  });
});
