import { v7 as uuidv7 } from 'uuid';
import { invalidInput } from '../errors/failure';
import { checkObject, checkOneOf, checkTime, ifDefined } from '../validation/checks';
import type { Validator } from '../validation/validator';
import { toMetadataRows, type MetadataRow } from '../metadata/metadata-rows';
import { foldCase } from '../validation/fold-case';
import { toFingerprintKey } from './fingerprint';
import type { CertificateModel } from '../generated/prisma/models';
import type { BoundRow } from '../sql/model';
import { CertificateStatus, RevocationReason } from './types';

/** Row of the table `certificates`. Times are in milliseconds since 1970. */
export type CertificateColumns = BoundRow<CertificateModel> & { readonly revocationReason: RevocationReason | null };

/** Validated certificate, ready to be inserted. */
export interface NewCertificateRow {
  readonly columns: CertificateColumns;
  readonly metadata: readonly MetadataRow[];
}

const certificateFields = new Set([
  'id',
  'subject',
  'issuer',
  'notBefore',
  'notAfter',
  'publicKey',
  'certificate',
  'fingerprint',
  'serialNumber',
  'status',
  'metadata',
  'createdAt',
  'revokedAt',
  'revocationReason',
  'replacedBy',
] as const);

/**
 * Parses a certificate to be stored and adds the defaults.
 *
 * @throws INVALID_INPUT when a field is missing, unknown or invalid
 */
export function parseNewCertificate(input: unknown, nowMs: number, checks: Validator): NewCertificateRow {
  const fields = checkObject(input, 'certificate', certificateFields);
  const subject = checks.name(fields.subject, 'subject');
  const issuer = checks.name(fields.issuer, 'issuer');
  const fingerprint = checks.name(fields.fingerprint, 'fingerprint');
  const columns: CertificateColumns = {
    id: ifDefined(fields.id, 'id', checks.id) ?? uuidv7(),
    subject,
    subjectFolded: foldCase(subject),
    issuer,
    issuerFolded: foldCase(issuer),
    notBefore: checkTime(fields.notBefore, 'notBefore'),
    notAfter: checkTime(fields.notAfter, 'notAfter'),
    publicKey: checks.nonEmptyText(fields.publicKey, 'publicKey'),
    certificate: checks.text(fields.certificate, 'certificate'),
    fingerprint,
    fingerprintKey: toFingerprintKey(fingerprint),
    serialNumber: ifDefined(fields.serialNumber, 'serialNumber', checks.name) ?? null,
    status: ifDefined(fields.status, 'status', checkCertificateStatus) ?? 'VALID',
    createdAt: ifDefined(fields.createdAt, 'createdAt', checkTime) ?? nowMs,
    revokedAt: ifDefined(fields.revokedAt, 'revokedAt', checkTime) ?? null,
    revocationReason: ifDefined(fields.revocationReason, 'revocationReason', checkRevocationReason) ?? null,
    replacedById: null,
  };
  if (fields.replacedBy !== undefined) throw invalidInput('replacedBy', 'must not be given: rotate() sets it');
  if (columns.fingerprintKey === '') throw invalidInput('fingerprint', 'must not be empty');
  if (columns.notAfter < columns.notBefore) throw invalidInput('notAfter', 'must not be before notBefore');
  checkRevocation(columns);
  return {
    columns,
    metadata: ifDefined(fields.metadata, 'metadata', (value, field) => toMetadataRows(value, field, checks)) ?? [],
  };
}

/**
 * Returns `value` when it is a valid status of a certificate.
 *
 * @throws INVALID_INPUT for any other value
 */
export function checkCertificateStatus(value: unknown, field: string): CertificateStatus {
  return checkOneOf(value, CertificateStatus, field);
}

function checkRevocationReason(value: unknown, field: string): RevocationReason {
  return checkOneOf(value, RevocationReason, field);
}

function checkRevocation({ status, revokedAt, revocationReason }: CertificateColumns): void {
  if (status === 'REVOKED') return;
  if (revokedAt !== null) throw invalidInput('revokedAt', 'must be absent unless status is REVOKED');
  if (revocationReason !== null) throw invalidInput('revocationReason', 'must be absent unless status is REVOKED');
}
