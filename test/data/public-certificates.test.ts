import { X509Certificate } from 'node:crypto';
import type { CertificateInput } from '../../src';
import { describeWithSharedData, readSharedData, toCertificateInput } from '../support/shared-data';
import type { PublicCertificate } from '../support/shared-data';
import { shareTestDatabase } from '../support/test-database';

const now = Date.parse('2026-11-22T00:00:00.000Z');

describeWithSharedData('published certificates', () => {
  let inputs: (CertificateInput & { id: string })[] = [];

  const shared = shareTestDatabase({ now: () => now }, async ({ db }) => {
    inputs = readSharedData<PublicCertificate>('certificates').map(toCertificateInput);
    for (const input of inputs) await db.createCertificate(input);
  });

  test('getCertificate returns 66 published certificates unchanged, with the PEM text of the same certificate', async () => {
    expect(inputs).toHaveLength(66);
    for (const input of inputs) {
      const stored = await shared().db.getCertificate(input.id);
      expect(stored).toStrictEqual({ ...input, status: 'VALID', createdAt: new Date(now) });
      expect(new X509Certificate(stored?.certificate ?? '').fingerprint256).toBe(input.fingerprint);
    }
    // The data must include a notBefore in the year 1.
    expect(inputs.some(({ notBefore }) => notBefore.toISOString() === '0001-01-01T00:00:00.000Z')).toBe(true);
  });

  test('each form of the fingerprint finds each of 66 published certificates', async () => {
    for (const { id, fingerprint } of inputs) {
      for (const form of [fingerprint, fingerprint.toLowerCase(), fingerprint.replaceAll(':', '')]) {
        expect(await shared().db.getCertificateByFingerprint(form)).toMatchObject({ id, fingerprint });
      }
    }
  });
});
