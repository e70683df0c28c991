import type { CertificateModel } from '../generated/prisma/models';
import { toEntriesJson, type MetadataRow } from '../metadata/metadata-rows';
import { columnNames, fieldsOf, recordColumns, toColumnValue, type Columns } from '../sql/columns';
import type { Dialect } from '../sql/dialect';
import { memoizeByDialect } from '../sql/memoize-by-dialect';
import { statementsFor } from '../sql/chunks';
import { join, sql, type Sql } from '../sql/sql';
import { defineStatement, inJsonArray, type Statement } from '../sql/statement';
import { isHeldOnlyBy } from './held-only-by';
import { certificateColumns } from './rows';
import type { CertificateColumns, NewCertificateRow } from './validation';

const table: Columns<CertificateModel> = {
  id: ['id', 'text'],
  subject: ['subject', 'text'],
  subjectFolded: ['subject_folded', 'text'],
  issuer: ['issuer', 'text'],
  issuerFolded: ['issuer_folded', 'text'],
  notBefore: ['not_before', 'time'],
  notAfter: ['not_after', 'time'],
  publicKey: ['public_key', 'text'],
  certificate: ['certificate', 'text'],
  fingerprint: ['fingerprint', 'text'],
  fingerprintKey: ['fingerprint_key', 'text'],
  serialNumber: ['serial_number', 'text'],
  status: ['status', { enumeration: 'CertificateStatus' }],
  createdAt: ['created_at', 'time'],
  revokedAt: ['revoked_at', 'time'],
  revocationReason: ['revocation_reason', 'text'],
  replacedById: ['replaced_by', 'text'],
};

/** SQL statements about certificates, for one engine. */
class CertificateStatements {
  readonly selectById;
  readonly selectByFingerprint;
  /**
   * Selects a certificate by its id, like {@link selectById}, but only if all agents that hold it belong to the owner,
   * and at least one does.
   */
  readonly selectOwnedById;
  /**
   * Selects a certificate by its fingerprint, like {@link selectByFingerprint}, but only if all agents that hold it
   * belong to the owner, and at least one does.
   */
  readonly selectOwnedByFingerprint;
  /**
   * Selects the status and `replacedBy` of a certificate. Also locks the row on engines with row locks: other
   * transactions cannot change the certificate or add a reference to it. Later statements also see references that were
   * added while this statement waited for the lock.
   */
  readonly lock;
  /** Selects one row when the certificate exists. */
  readonly exists;
  /**
   * Selects the ids of the certificates whose `replacedBy` is the given id, in ascending order. On engines with row
   * locks, also locks the rows of these certificates.
   */
  readonly lockPredecessors;
  readonly revoke;
  /** Changes the status of a certificate, unless it is REVOKED or already has the status. */
  readonly setStatus;
  readonly selectStatus;
  readonly setSuccessor;
  readonly delete;
  /**
   * Updates a certificate without changing a value, which locks its row for the transaction. Counts as one changed row.
   */
  readonly touch;
  /**
   * Changes the status to EXPIRED for at most `limit` VALID and SUSPENDED certificates whose `notAfter` has passed.
   * Returns the ids of the changed certificates.
   */
  readonly expireDue;
  /** Selects those of the given ids that certificates have. */
  readonly selectIds;
  /** Selects those of the given fingerprint keys (fingerprints in normal form) that certificates have. */
  readonly selectFingerprintKeys;
  readonly #insertCertificate;
  readonly #insertMany;
  readonly #insertMetadata;
  readonly #insertMetadataOfMany;
  readonly #deleteMetadata;

  constructor(dialect: Dialect) {
    const columns = certificateColumns(dialect);
    const { fromMs } = dialect;
    const forUpdate = dialect.usesRowLocks ? sql`FOR UPDATE` : sql``;
    const forStatus = dialect.usesRowLocks ? sql`FOR NO KEY UPDATE` : sql``;
    this.selectById = defineStatement<{ id: string }>(
      (p) => sql`SELECT ${columns} FROM certificates c WHERE c.id = ${p('id')}`,
    );
    this.selectByFingerprint = defineStatement<{ fingerprintKey: string }>(
      (p) => sql`SELECT ${columns} FROM certificates c WHERE c.fingerprint_key = ${p('fingerprintKey')}`,
    );
    this.selectOwnedById = defineStatement<{ id: string; owner: string }>(
      (p) =>
        sql`SELECT ${columns} FROM certificates c WHERE c.id = ${p('id')} AND ${isHeldOnlyBy(sql`c.id`, p('owner'))}`,
    );
    this.selectOwnedByFingerprint = defineStatement<{ fingerprintKey: string; owner: string }>(
      (p) => sql`SELECT ${columns} FROM certificates c
        WHERE c.fingerprint_key = ${p('fingerprintKey')} AND ${isHeldOnlyBy(sql`c.id`, p('owner'))}`,
    );
    this.lock = defineStatement<{ id: string }>(
      (p) => sql`SELECT status, replaced_by FROM certificates WHERE id = ${p('id')} ${forUpdate}`,
    );
    this.exists = defineStatement<{ id: string }>((p) => sql`SELECT 1 FROM certificates WHERE id = ${p('id')}`);
    this.lockPredecessors = defineStatement<{ id: string }>(
      (p) => sql`SELECT id FROM certificates WHERE replaced_by = ${p('id')} ORDER BY id ${forUpdate}`,
    );
    this.revoke = defineStatement<{ id: string; reason: string; revokedAt: number }>(
      (p) => sql`UPDATE certificates
        SET status = 'REVOKED', revoked_at = ${fromMs(p('revokedAt'))}, revocation_reason = ${p('reason')}
        WHERE id = ${p('id')} AND status <> 'REVOKED'`,
    );
    this.setStatus = defineStatement<{ id: string; status: string; revokedAt: number | null }>(
      (p) => sql`UPDATE certificates
        SET status = ${p('status')}, revoked_at = COALESCE(${fromMs(p('revokedAt'))}, revoked_at)
        WHERE id = ${p('id')} AND status NOT IN ('REVOKED', ${p('status')})`,
    );
    this.selectStatus = defineStatement<{ id: string }>(
      (p) => sql`SELECT status FROM certificates WHERE id = ${p('id')}`,
    );
    this.setSuccessor = defineStatement<{ id: string; successor: string }>(
      (p) => sql`UPDATE certificates SET replaced_by = ${p('successor')} WHERE id = ${p('id')}`,
    );
    this.delete = defineStatement<{ id: string }>((p) => sql`DELETE FROM certificates WHERE id = ${p('id')}`);
    // Updates `revoked_at`, because no index contains this column, so the update is cheap.
    this.touch = defineStatement<{ id: string }>(
      (p) => sql`UPDATE certificates SET revoked_at = revoked_at WHERE id = ${p('id')}`,
    );
    // Selects the rows in the order of the index, so concurrent calls lock them in the same order and cannot deadlock.
    // The subquery tests the status again after waiting for a row lock, so it excludes a certificate that was revoked
    // meanwhile. The UPDATE needs no condition on the status, which would make SQLite read all rows with that status.
    this.expireDue = defineStatement<{ now: number; limit: number }>(
      (p) => sql`WITH due AS MATERIALIZED (
          SELECT c.id FROM certificates c
          WHERE c.status IN ('VALID', 'SUSPENDED') AND c.not_after <= ${fromMs(p('now'))}
          ORDER BY c.status, c.not_after LIMIT CAST(${p('limit')} AS BIGINT) ${forStatus})
        UPDATE certificates SET status = 'EXPIRED' WHERE id IN (SELECT id FROM due) RETURNING id`,
    );
    this.#insertCertificate = defineStatement<Record<keyof CertificateColumns, string | number | null>>(
      (p) => sql`INSERT INTO certificates (${columnNames(table)})
        VALUES (${join(fieldsOf(table).map((field) => toColumnValue(dialect, table[field][1], p(field))))})`,
    );
    const isListed = (column: Sql, list: Sql): Sql => inJsonArray(dialect, column, list);
    this.selectIds = defineStatement<{ ids: string }>(
      (p) => sql`SELECT id FROM certificates WHERE ${isListed(sql`id`, p('ids'))}`,
    );
    this.selectFingerprintKeys = defineStatement<{ keys: string }>(
      (p) => sql`SELECT fingerprint_key FROM certificates WHERE ${isListed(sql`fingerprint_key`, p('keys'))}`,
    );
    this.#insertMany = defineStatement<{ certificates: string }>(
      (p) => sql`INSERT INTO certificates (${columnNames(table)})
        SELECT ${columnNames(table)} FROM ${dialect.jsonRecordSet(p('certificates'), 'r', recordColumns(table))}
        WHERE TRUE ON CONFLICT DO NOTHING RETURNING id`,
    );
    this.#insertMetadataOfMany = defineStatement<{ metadata: string }>(
      (p) => sql`INSERT INTO certificate_metadata (certificate_id, key, value)
        SELECT m.certificate_id, m.key, m.value
        FROM ${dialect.jsonRecordSet(p('metadata'), 'm', { certificate_id: 'text', key: 'text', value: 'text' })}`,
    );
    this.#insertMetadata = defineStatement<{ id: string; metadata: string }>(
      (p) => sql`INSERT INTO certificate_metadata (certificate_id, key, value)
        SELECT c.id, m.key, m.value FROM ${dialect.jsonObjectEntries(p('metadata'), 'm')} JOIN certificates c ON c.id = ${p('id')}`,
    );
    this.#deleteMetadata = defineStatement<{ id: string }>(
      (p) => sql`DELETE FROM certificate_metadata WHERE certificate_id = ${p('id')}`,
    );
  }

  /** Returns the statements that store a certificate with its metadata. */
  insert({ columns, metadata }: NewCertificateRow): Statement[] {
    return [this.#insertCertificate({ ...columns }), ...this.#addMetadata(columns.id, metadata)];
  }

  /**
   * Returns the statement that stores certificates without their metadata. The statement skips each certificate whose
   * id or fingerprint is taken, and returns the ids of the stored certificates.
   */
  insertMany(rows: readonly NewCertificateRow[]): Statement {
    return this.#insertMany({
      certificates: JSON.stringify(rows.map(({ columns }) => fieldsOf(table).map((field) => columns[field]))),
    });
  }

  /** Returns the statements that store the metadata of new certificates. */
  insertMetadataOf(certificates: readonly NewCertificateRow[]): Statement[] {
    const rows = certificates.flatMap(({ columns, metadata }) => metadata.map((entry) => [columns.id, ...entry]));
    return statementsFor(rows, (some) => this.#insertMetadataOfMany({ metadata: JSON.stringify(some) }));
  }

  /** Returns the statements that replace the metadata of an existing certificate. */
  replaceMetadata(id: string, metadata: readonly MetadataRow[]): Statement[] {
    return [this.#deleteMetadata({ id }), ...this.#addMetadata(id, metadata)];
  }

  #addMetadata(id: string, metadata: readonly MetadataRow[]): Statement[] {
    return statementsFor(metadata, (rows) => this.#insertMetadata({ id, metadata: toEntriesJson(rows) }));
  }
}

/** Returns the statements about certificates for an engine. */
export const certificateStatements = memoizeByDialect((dialect) => new CertificateStatements(dialect));
