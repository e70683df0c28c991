import { deterministicId } from './deterministic-id';
import { optionalTextOf, textOf, timeOf, type FileRecord, type Row } from './row';

/**
 * Fields that a certificate of the directory also has, or that repeat such a field. All other fields become metadata.
 */
const certificateFields: ReadonlySet<string> = new Set([
  'subject',
  'issuer',
  'notBefore',
  'notAfter',
  'validFrom',
  'validTo',
  'fingerprint256',
  'publicKeyPem',
  'pem',
  'serialNumber',
]);

/**
 * Converts a certificate of the file to a certificate of the directory.
 *
 * @throws RefusedError when a field has an invalid type.
 */
export function toCertificateRow(record: FileRecord, now: Date): Row {
  const fingerprint = textOf(record, 'fingerprint256');
  const serialNumber = optionalTextOf(record, 'serialNumber');
  const notAfter = timeOf(record, 'notAfter');
  const metadata = Object.entries(record).filter(([field, value]) => !certificateFields.has(field) && value !== null);
  return {
    kind: 'certificate',
    certificate: {
      ...(serialNumber === undefined ? undefined : { serialNumber }),
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
