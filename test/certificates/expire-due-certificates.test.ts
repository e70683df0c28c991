import type { CertificateInput } from '../../src';
import { createCertificate } from '../support/factories';
import { allRawRows } from '../support/raw-reader';
import { openTestDatabase } from '../support/test-database';
import { newsOf } from './feed';

const now = Date.parse('2026-06-01T12:00:00.007Z');

const certificates: readonly Partial<CertificateInput>[] = [
  { id: 'over', notAfter: new Date(now - 1) },
  { id: 'just over', notAfter: new Date(now) },
  { id: 'suspended', notAfter: new Date(0), status: 'SUSPENDED' },
  { id: 'valid', notAfter: new Date(now + 1) },
  { id: 'revoked', notAfter: new Date(0), status: 'REVOKED', revokedAt: new Date(1), revocationReason: 'superseded' },
  { id: 'expired', notAfter: new Date(0), status: 'EXPIRED' },
  { id: 'expired early', notAfter: new Date(now + 1), status: 'EXPIRED' },
];

describe('expireDue of certificates', () => {
  test('makes those EXPIRED that are VALID or SUSPENDED and over, and tells the feed', async () => {
    const database = await openTestDatabase({ now: () => now });
    const { db } = database;
    for (const certificate of certificates) await createCertificate(db, { ...certificate, metadata: { a: 1 } });
    const before = await db.certificates.query({ orderBy: 'id' });
    const news = await newsOf(database, async () => expect(await db.certificates.expireDue()).toBe(3));
    expect(news.sort()).toEqual([
      'CERTIFICATE just over UPDATED',
      'CERTIFICATE over UPDATED',
      'CERTIFICATE suspended UPDATED',
    ]);
    const due = ['over', 'just over', 'suspended'];
    expect(await db.certificates.query({ orderBy: 'id' })).toStrictEqual(
      before.map((certificate) => (due.includes(certificate.id) ? { ...certificate, status: 'EXPIRED' } : certificate)),
    );
  });

  test('finds nothing the second time, and changes nothing', async () => {
    const database = await openTestDatabase({ now: () => now });
    for (const certificate of certificates) await createCertificate(database.db, certificate);
    await database.db.certificates.expireDue();
    const before = await allRawRows(database);
    expect(await database.db.certificates.expireDue()).toBe(0);
    expect(await allRawRows(database)).toEqual(before);
  });

  test('counts each certificate once, however many callers there are', async () => {
    const database = await openTestDatabase({ now: () => now });
    const { db } = database;
    for (let index = 0; index < 50; index += 1) await createCertificate(db, { notAfter: new Date(0) });
    const news = await newsOf(database, async () => {
      const counts = await Promise.all(Array.from({ length: 8 }, () => db.certificates.expireDue()));
      expect(counts.reduce((sum, count) => sum + count)).toBe(50);
    });
    expect(new Set(news).size).toBe(50);
    expect(news).toHaveLength(50);
  });

  test('inside a transaction is rolled back with it', async () => {
    const database = await openTestDatabase({ now: () => now });
    for (const certificate of certificates) await createCertificate(database.db, certificate);
    const before = await allRawRows(database);
    const failing = database.db.transaction(async (tx) => {
      expect(await tx.certificates.expireDue()).toBe(3);
      expect(await tx.getCertificate('over')).toMatchObject({ status: 'EXPIRED' });
      throw new RangeError('enough');
    });
    await expect(failing).rejects.toThrow(RangeError);
    expect(await allRawRows(database)).toEqual(before);
  });
});
