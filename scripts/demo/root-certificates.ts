import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import type { CertificateInput } from '../../src';

/** The certificate authorities that this Node trusts, about 140 real certificates, ordered by fingerprint. */
export function readRootCertificates(now: Date): CertificateInput[] {
  return rootCertificates
    .map((pem) => toCertificateInput(pem, now))
    .sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
}

function toCertificateInput(pem: string, now: Date): CertificateInput {
  const x509 = new X509Certificate(pem);
  const notAfter = new Date(x509.validTo);
  return {
    subject: onOneLine(x509.subject),
    issuer: onOneLine(x509.issuer),
    notBefore: new Date(x509.validFrom),
    notAfter,
    publicKey: x509.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    certificate: pem,
    fingerprint: x509.fingerprint256,
    status: notAfter > now ? 'VALID' : 'EXPIRED',
    metadata: {
      source: 'node:tls rootCertificates',
      serialNumber: x509.serialNumber,
      ca: x509.ca,
      keyType: x509.publicKey.asymmetricKeyType ?? 'unknown',
    },
  };
}

// Node puts each part of a name on a line of its own.
function onOneLine(name: string): string {
  return name.replaceAll('\n', ', ');
}
