import type { CertificateInput } from '../../src';
import { badCounts } from '../support/bad-values';
import { callUntyped, expectError, expectRefused } from '../support/expect-error';
import { createCertificate } from '../support/factories';
import { openTestDatabase, shareTestDatabase, type TestDatabase } from '../support/test-database';

const day = 86_400_000;
const now = Date.parse('2026-06-01T12:00:00.000Z');

const certificates: readonly Partial<CertificateInput>[] = [
  { id: 'over', notAfter: new Date(now) },
  { id: 'z', notAfter: new Date(now + 1), status: 'SUSPENDED', metadata: { b: [1, null], a: 'é', A: { x: 0 } } },
  { id: 'Z', notAfter: new Date(now + 1), subject: 'CN=\\"quoted"', createdAt: new Date(-62_135_596_800_000) },
  { id: 'day', notAfter: new Date(now + day), notBefore: new Date(-62_135_596_800_000) },
  { id: 'later', notAfter: new Date(now + day + 1) },
  { id: 'never', notAfter: new Date(253_402_300_799_999) },
  { id: 'revoked', notAfter: new Date(now + 5), status: 'REVOKED' },
  { id: 'expired', notAfter: new Date(now + 5), status: 'EXPIRED' },
];

async function fill({ db }: TestDatabase): Promise<void> {
  for (const certificate of certificates) await createCertificate(db, certificate);
  const odd = JSON.parse('{"__proto__":{"a":[1]},"constructor":1,"\\ufffd":2,"😀":3}') as object;
  await createCertificate(db, { id: 'odd', notAfter: new Date(now + 2), metadata: { ...odd } });
}

const shared = shareTestDatabase({ now: () => now }, fill);

async function idsOf(withinMs: number): Promise<string[]> {
  return (await shared().db.certificates.expiring(withinMs)).map(({ id }) => id);
}

describe('expiring', () => {
  test('finds VALID and SUSPENDED certificates that end from now to then, soonest first, ties by id', async () => {
    expect(await idsOf(0)).toEqual([]);
    expect(await idsOf(1)).toEqual(['Z', 'z']);
    expect(await idsOf(day - 1)).toEqual(['Z', 'z', 'odd']);
    expect(await idsOf(day)).toEqual(['Z', 'z', 'odd', 'day']);
    expect(await idsOf(Number.MAX_SAFE_INTEGER)).toEqual(['Z', 'z', 'odd', 'day', 'later', 'never']);
  });

  test('gives each certificate as get does', async () => {
    const { db } = shared();
    const found = await db.certificates.expiring(Number.MAX_SAFE_INTEGER, { consistency: 'primary' });
    expect(found).toHaveLength(6);
    for (const certificate of found) {
      const same = await db.getCertificate(certificate.id);
      expect(certificate).toStrictEqual(same);
      expect(JSON.stringify(certificate)).toBe(JSON.stringify(same));
    }
  });

  test('more than maxResults are RESULT_TOO_LARGE', async () => {
    const { db } = await openTestDatabase({ maxResults: 2, now: () => now });
    const add = (): Promise<string> => createCertificate(db, { notAfter: new Date(now + 1) });
    await add();
    await add();
    expect(await db.certificates.expiring(1)).toHaveLength(2);
    await add();
    const error = await expectError('RESULT_TOO_LARGE', () => db.certificates.expiring(1));
    expect(error).toMatchObject({ operation: 'certificates.expiring' });
  });

  test('sees what its own transaction has done, and nobody else does', async () => {
    const { db } = await openTestDatabase({ now: () => now });
    await db.transaction(async (tx) => {
      const id = await tx.certificates.create({ ...certificateOf('new'), notAfter: new Date(now + 1) });
      expect(await tx.certificates.expiring(1)).toMatchObject([{ id, metadata: { name: 'new' } }]);
      expect(await db.certificates.expiring(1)).toEqual([]);
    });
    expect(await db.certificates.expiring(1)).toHaveLength(1);
  });

  test.each(badCounts.filter(([kind]) => kind !== '2^53'))('refuses %s', async (_, withinMs) => {
    const expiring = () => callUntyped(shared().db.certificates, 'expiring', withinMs);
    const error = await expectRefused(shared(), 'INVALID_INPUT', expiring);
    expect(error).toMatchObject({ field: 'withinMs', operation: 'certificates.expiring' });
    expect(error.message).toMatch(/^Failed to get expiring certificates: /);
  });

  test('refuses unknown options', async () => {
    const expiring = () => callUntyped(shared().db.certificates, 'expiring', 1, { limit: 1 });
    await expectRefused(shared(), 'INVALID_INPUT', expiring);
  });
});

function certificateOf(name: string): CertificateInput {
  const texts = { subject: name, issuer: name, publicKey: 'PEM', certificate: 'PEM', fingerprint: name };
  return { ...texts, notBefore: new Date(0), notAfter: new Date(1), metadata: { name } };
}
