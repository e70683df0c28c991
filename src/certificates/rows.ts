import type { CertificateModel } from '../generated/prisma/models';
import type { UncheckedValues } from '../sql/model';
import type { Dialect } from '../sql/dialect';
import { sql, type Sql } from '../sql/sql';
import type { Row } from '../sql/statement';
import { storedChoice, storedJson, storedText, storedTime } from '../sql/stored';
import type { Metadata } from '../metadata/types';
import { CertificateStatus, RevocationReason, type Certificate } from './types';

/**
 * Composes the SQL for all columns of a certificate with the alias `c`, in the order that {@link toCertificate}
 * expects.
 */
export function certificateColumns(dialect: Dialect): Sql {
  const { toMs } = dialect;
  return sql`c.id, c.subject, c.issuer, ${toMs(sql`c.not_before`)}, ${toMs(sql`c.not_after`)}, c.public_key, c.certificate,
    c.fingerprint, c.status, ${toMs(sql`c.created_at`)}, ${toMs(sql`c.revoked_at`)}, c.revocation_reason, c.replaced_by,
    c.serial_number,    ${dialect.jsonObjectAggregate(sql`certificate_metadata m WHERE m.certificate_id = c.id`)}`;
}

/** Row with the columns that `certificateColumns` selects. The metadata is JSON text. */
type CertificateResultRow = readonly [
  ...UncheckedValues<
    CertificateModel,
    ['id', 'subject', 'issuer', 'notBefore', 'notAfter', 'publicKey', 'certificate']
  >,
  ...UncheckedValues<CertificateModel, ['fingerprint', 'status', 'createdAt', 'revokedAt', 'revocationReason']>,
  ...UncheckedValues<CertificateModel, ['replacedById', 'serialNumber']>,
  metadata: string,
];

const statuses: ReadonlySet<CertificateModel['status']> = new Set(Object.values(CertificateStatus));
const reasons: ReadonlySet<RevocationReason> = new Set(Object.values(RevocationReason));

/** Converts a row with the columns of {@link certificateColumns} to a certificate. */
export function toCertificate(row: Row): Certificate {
  // The cast is safe: every statement whose rows are converted here selects the columns of `certificateColumns`.
  const columns = row as CertificateResultRow;
  const id = storedText(columns[0], 'certificate', columns[0], 'id');
  const certificate: Certificate = {
    id,
    subject: storedText(columns[1], 'certificate', id, 'subject'),
    issuer: storedText(columns[2], 'certificate', id, 'issuer'),
    notBefore: storedTime(columns[3], 'certificate', id, 'notBefore'),
    notAfter: storedTime(columns[4], 'certificate', id, 'notAfter'),
    publicKey: storedText(columns[5], 'certificate', id, 'publicKey'),
    certificate: storedText(columns[6], 'certificate', id, 'certificate'),
    fingerprint: storedText(columns[7], 'certificate', id, 'fingerprint'),
    status: storedChoice(columns[8], statuses, 'certificate', id, 'status'),
    // The cast is safe: the metadata column of `certificateColumns` is a JSON object.
    metadata: storedJson(columns[14], 'certificate', id, 'metadata') as Metadata,
    createdAt: storedTime(columns[9], 'certificate', id, 'createdAt'),
  };
  if (columns[10] !== null) certificate.revokedAt = storedTime(columns[10], 'certificate', id, 'revokedAt');
  if (columns[11] !== null) {
    certificate.revocationReason = storedChoice(columns[11], reasons, 'certificate', id, 'revocationReason');
  }
  if (columns[12] !== null) certificate.replacedBy = storedText(columns[12], 'certificate', id, 'replacedBy');
  if (columns[13] !== null) certificate.serialNumber = storedText(columns[13], 'certificate', id, 'serialNumber');
  return certificate;
}
