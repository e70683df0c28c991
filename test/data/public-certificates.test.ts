import { X509Certificate } from 'node:crypto';
import type { CertificateInput } from '../../src';
import {
  describeWithSharedData,
  readSharedData,
  toCertificateInput,
  type PublicCertificate,
} from '../support/shared-data';
import { shareTestDatabase } from '../support/test-database';

const now = Date.parse('2026-11-22T00:00:00.000Z');

describeWithSharedData('66 certificates that others published', () => {
  let inputs: (CertificateInput & { id: string })[] = [];

  const shared = shareTestDatabase({ now: () => now }, async ({ db }) => {
    inputs = readSharedData<PublicCertificate>('certificates').map(toCertificateInput);
    for (const input of inputs) await db.createCertificate(input);
  });

  test('come back equal by id', async () => {
    expect(inputs).toHaveLength(66);
    for (const input of inputs) {
      const expected = { ...input, status: 'VALID', createdAt: new Date(now) };
      expect(await shared().db.getCertificate(input.id)).toStrictEqual(expected);
    }
  });

  test('come back by their fingerprint, in every writing', async () => {
    for (const { id, fingerprint } of inputs) {
      for (const writing of [fingerprint, fingerprint.toLowerCase(), fingerprint.replaceAll(':', '')]) {
        expect(await shared().db.getCertificateByFingerprint(writing)).toMatchObject({ id, fingerprint });
      }
    }
  });

  test('still are the certificates that they were', async () => {
    for (const { id, fingerprint } of inputs) {
      const stored = await shared().db.getCertificate(id);
      expect(new X509Certificate(stored?.certificate ?? '').fingerprint256).toBe(fingerprint);
    }
  });

  test('from the year 1 to the year 9999 keep their times', async () => {
    const extreme = inputs.filter(({ notBefore }) => notBefore.getTime() === -62_135_596_800_000);
    expect(extreme.length).toBeGreaterThan(0);
    for (const { id, notAfter } of extreme) {
      const stored = await shared().db.getCertificate(id);
      expect(stored?.notBefore.toISOString()).toBe('0001-01-01T00:00:00.000Z');
      expect(stored?.notAfter).toEqual(notAfter);
    }
  });
});
