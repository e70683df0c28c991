import { X509Certificate } from 'node:crypto';
import { certificateFromPem } from '../../src/x509';
import { valuesBut } from '../support/bad-values';
import { demoCertificates, demoPem as pem } from '../support/demo-certificates';
import { expectError } from '../support/expect-error';
import { describeWithSharedData, readSharedData, type PublicCertificate } from '../support/shared-data';
import { shareTestDatabase } from '../support/test-database';

const shared = shareTestDatabase();

/** Returns the certificate with other bytes in its DER form. */
function withBytes(text: string, from: string, to: string): string {
  const hex = new X509Certificate(text).raw.toString('hex').replace(from, to);
  const base64 = Buffer.from(hex, 'hex').toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}

describe('certificateFromPem', () => {
  test('certificateFromPem returns valid input for createCertificate, whose fingerprint finds the certificate', async () => {
    const { db } = shared();
    for (const { certificate, fingerprint, serialNumber } of demoCertificates) {
      const input = certificateFromPem(certificate);
      expect(input).toMatchObject({ fingerprint, serialNumber });
      const id = await db.createCertificate(input);
      expect(await db.getCertificateByFingerprint(fingerprint)).toMatchObject({ ...input, id, status: 'VALID' });
    }
    expect(certificateFromPem(pem)).toMatchObject({
      subject: 'C=BE\nO=GlobalSign nv-sa\nCN=GlobalSign Root E46',
      notBefore: new Date('2019-03-20T00:00:00Z'),
      notAfter: new Date('2046-03-20T00:00:00Z'),
    });
  });

  test('certificateFromPem reads the first certificate of a text and ignores the rest of the text', () => {
    const key = '-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----\n';
    const chain = [key, 'subject=agent\n', ...demoCertificates.map(({ certificate }) => certificate)].join('');
    expect(certificateFromPem(chain)).toEqual(certificateFromPem(pem));
    expect(certificateFromPem(pem.replaceAll('\n', '\r\n'))).toEqual(certificateFromPem(pem));
    expect(certificateFromPem(pem).certificate).not.toContain('PRIVATE');
  });

  test.each<readonly [string, unknown]>([
    ...valuesBut('text'),
    ['an empty text', ''],
    ['another kind of PEM', pem.replaceAll('CERTIFICATE', 'PUBLIC KEY')],
    ['a cut certificate', pem.replace(/.{64}\n/, '')],
    ['a certificate without its end', pem.slice(0, 400)],
    ['DER as a text', new X509Certificate(pem).raw.toString('latin1')],
    ['a key on an unknown curve', withBytes(pem, '06052b81040022', '06052b81040079')],
  ])('certificateFromPem refuses %s with INVALID_INPUT', async (_, value) => {
    // JavaScript callers can pass anything.
    const error = await expectError('INVALID_INPUT', () => certificateFromPem(value as string));
    expect(error).toMatchObject({ operation: 'certificateFromPem', field: 'pem' });
    expect(error.message).toMatch(/^Failed to parse certificate: pem must /);
  });
});

describeWithSharedData('certificateFromPem on public certificates', () => {
  test('certificateFromPem returns the same fields as the published data of public certificates', () => {
    const published = readSharedData<PublicCertificate>('certificates');
    expect(published.length).toBeGreaterThan(50);
    for (const record of published) {
      expect(certificateFromPem(record.pem)).toEqual({
        subject: record.subject ?? '',
        issuer: record.issuer ?? '',
        notBefore: new Date(record.notBefore),
        notAfter: new Date(record.notAfter),
        publicKey: record.publicKeyPem,
        certificate: record.pem,
        fingerprint: record.fingerprint256,
        serialNumber: record['serialNumber'],
      });
    }
  });
});
