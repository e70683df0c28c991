import type { Dialect } from '../sql/dialect';
import { sql, type Sql } from '../sql/sql';
import { defineStatement, type Row, type Statement } from '../sql/statement';
import { toEntriesJson } from '../metadata/metadata-rows';
import type { Metadata } from '../metadata/types';
import type { CertificateColumns, NewCertificateRow } from './parse-certificate';
import type { Certificate, CertificateStatus, RevocationReason } from './types';

/** The statements of certificates on one engine. */
export class CertificateStatements {
  readonly selectById;
  readonly selectByFingerprint;
  readonly #insertCertificate;
  readonly #insertMetadata;

  constructor(dialect: Dialect) {
    this.selectById = defineStatement<{ id: string }>(
      (p) => sql`SELECT ${certificateColumns(dialect)} FROM certificates c WHERE c.id = ${p('id')}`,
    );
    this.selectByFingerprint = defineStatement<{ fingerprintKey: string }>(
      (p) =>
        sql`SELECT ${certificateColumns(dialect)} FROM certificates c WHERE c.fingerprint_key = ${p('fingerprintKey')}`,
    );
    this.#insertCertificate = defineStatement<Record<keyof CertificateColumns, string | number | null>>(
      (p) => sql`INSERT INTO certificates (id, subject, subject_folded, issuer, issuer_folded, not_before, not_after,
          public_key, certificate, fingerprint, fingerprint_key, status, created_at, revoked_at, revocation_reason,
          replaced_by)
        VALUES (${p('id')}, ${p('subject')}, ${p('subjectFolded')}, ${p('issuer')}, ${p('issuerFolded')},
          ${dialect.fromMs(p('notBefore'))}, ${dialect.fromMs(p('notAfter'))}, ${p('publicKey')}, ${p('certificate')},
          ${p('fingerprint')}, ${p('fingerprintKey')}, ${p('status')}, ${dialect.fromMs(p('createdAt'))},
          ${dialect.fromMs(p('revokedAt'))}, ${p('revocationReason')}, ${p('replacedBy')})`,
    );
    this.#insertMetadata = defineStatement<{ id: string; metadata: string }>(
      (p) => sql`INSERT INTO certificate_metadata (certificate_id, key, value)
        SELECT c.id, m.key, m.value FROM ${dialect.entries(p('metadata'), 'm')} JOIN certificates c ON c.id = ${p('id')}`,
    );
  }

  insert({ columns, metadata }: NewCertificateRow): Statement[] {
    const statements = [this.#insertCertificate({ ...columns })];
    if (metadata.length > 0) {
      statements.push(this.#insertMetadata({ id: columns.id, metadata: toEntriesJson(metadata) }));
    }
    return statements;
  }
}

// A whole certificate `c`, for toCertificate.
function certificateColumns(dialect: Dialect): Sql {
  const { toMs } = dialect;
  return sql`c.id, c.subject, c.issuer, ${toMs(sql`c.not_before`)}, ${toMs(sql`c.not_after`)}, c.public_key, c.certificate,
    c.fingerprint, c.status, ${toMs(sql`c.created_at`)}, ${toMs(sql`c.revoked_at`)}, c.revocation_reason, c.replaced_by,
    (SELECT ${dialect.jsonObjectOf(sql`m.key`, sql`m.value`)} FROM certificate_metadata m WHERE m.certificate_id = c.id)`;
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

/** The certificate that a row of the statements above stands for. */
export function toCertificate(row: Row): Certificate {
  // The statement that made the row selects exactly these columns.
  const columns = row as CertificateResultRow;
  const [, , , , , , , , , , revokedAtMs, revocationReason, replacedBy] = columns;
  return {
    id: columns[0],
    subject: columns[1],
    issuer: columns[2],
    notBefore: new Date(columns[3]),
    notAfter: new Date(columns[4]),
    publicKey: columns[5],
    certificate: columns[6],
    fingerprint: columns[7],
    status: columns[8],
    metadata: JSON.parse(columns[13]) as Metadata,
    createdAt: new Date(columns[9]),
    ...(revokedAtMs === null ? undefined : { revokedAt: new Date(revokedAtMs) }),
    ...(revocationReason === null ? undefined : { revocationReason }),
    ...(replacedBy === null ? undefined : { replacedBy }),
  };
}
