import { deterministicId } from './deterministic-id';
import { optionalTextOf, textOf, timeOf, type FileRecord, type Row } from './row';

/** Properties with a field of their own in the directory, or with the same meaning as such a property. */
const ownFields: ReadonlySet<string> = new Set([
  'subject',
  'issuer',
  'notBefore',
  'notAfter',
  'validFrom',
  'validTo',
  'fingerprint256',
  'publicKeyPem',
  'pem',
]);

/** A certificate of the file as a certificate of the directory. @throws RefusedError */
export function toCertificateRow(record: FileRecord, now: Date): Row {
  const fingerprint = textOf(record, 'fingerprint256');
  const notAfter = timeOf(record, 'notAfter');
  const metadata = Object.entries(record).filter(([field, value]) => !ownFields.has(field) && value !== null);
  return {
    kind: 'certificate',
    certificate: {
      id: deterministicId(['certificate', fingerprint]),
      subject: optionalTextOf(record, 'subject') ?? '',
      issuer: optionalTextOf(record, 'issuer') ?? '',
      notBefore: timeOf(record, 'notBefore'),
      notAfter,
      publicKey: textOf(record, 'publicKeyPem'),
      certificate: textOf(record, 'pem'),
      fingerprint,
      status: notAfter > now ? 'VALID' : 'EXPIRED',
      metadata: Object.fromEntries(metadata),
    },
  };
}
