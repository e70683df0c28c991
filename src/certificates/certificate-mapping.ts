import type { Dialect } from '../sql/dialect';
import { sql, type Sql } from '../sql/sql';
import type { Row } from '../sql/statement';
import { storedJson, storedTime } from '../sql/stored';
import type { Metadata } from '../metadata/types';
import type { Certificate, CertificateStatus, RevocationReason } from './types';

/** A whole certificate `c`, for {@link toCertificate}. */
export function certificateColumns(dialect: Dialect): Sql {
  const { toMs } = dialect;
  return sql`c.id, c.subject, c.issuer, ${toMs(sql`c.not_before`)}, ${toMs(sql`c.not_after`)}, c.public_key, c.certificate,
    c.fingerprint, c.status, ${toMs(sql`c.created_at`)}, ${toMs(sql`c.revoked_at`)}, c.revocation_reason, c.replaced_by,
    ${dialect.jsonObjectOf(sql`certificate_metadata m WHERE m.certificate_id = c.id`)}`;
}

type CertificateResultRow = readonly [
  id: string,
  subject: string,
  issuer: string,
  notBeforeMs: number,
  notAfterMs: number,
  publicKey: string,
  certificate: string,
  fingerprint: string,
  status: CertificateStatus,
  createdAtMs: number,
  revokedAtMs: number | null,
  revocationReason: RevocationReason | null,
  replacedBy: string | null,
  metadata: string,
];

/** The certificate that a row of `certificateColumns` stands for. */
export function toCertificate(row: Row): Certificate {
  // The statement that made the row selects exactly these columns.
  const columns = row as CertificateResultRow;
  const certificate: Certificate = {
    id: columns[0],
    subject: columns[1],
    issuer: columns[2],
    notBefore: storedTime(columns[3], 'certificate', 'notBefore'),
    notAfter: storedTime(columns[4], 'certificate', 'notAfter'),
    publicKey: columns[5],
    certificate: columns[6],
    fingerprint: columns[7],
    status: columns[8],
    metadata: storedJson(columns[13], 'certificate', 'metadata') as Metadata,
    createdAt: storedTime(columns[9], 'certificate', 'createdAt'),
  };
  if (columns[10] !== null) certificate.revokedAt = storedTime(columns[10], 'certificate', 'revokedAt');
  if (columns[11] !== null) certificate.revocationReason = columns[11];
  if (columns[12] !== null) certificate.replacedBy = columns[12];
  return certificate;
}
