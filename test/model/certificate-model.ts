import type { Certificate, CertificateInput, CertificateStatus, DatabaseErrorCode } from '../../src';
import { answers, fails, generatedId, leaves, withCertificates } from './prediction';
import type { Directory, Prediction, Settings } from './prediction';
import { bareFingerprint } from './text';

/** Returns the certificate with a fingerprint, or `null`. Ignores colons and case. */
export function getByFingerprint({ certificates }: Directory, fingerprint: string): Certificate | null {
  const wanted = bareFingerprint(fingerprint);
  return [...certificates.values()].find((held) => bareFingerprint(held.fingerprint) === wanted) ?? null;
}

/** Predicts `createCertificate`: ALREADY_EXISTS for a known id or fingerprint. */
export function createCertificate(directory: Directory, { nowMs }: Settings, input: CertificateInput): Prediction {
  const { id, publicKey, fingerprint, notBefore, notAfter } = input;
  const isEmpty = [id, publicKey, bareFingerprint(fingerprint)].includes('');
  if (isEmpty || notAfter < notBefore || !isRevocationRight(input)) return fails(directory, 'INVALID_INPUT');
  const codes: DatabaseErrorCode[] = [];
  const isIdKnown = id !== undefined && directory.certificates.has(id);
  if (isIdKnown || getByFingerprint(directory, fingerprint) !== null) codes.push('ALREADY_EXISTS');
  if (codes.length > 0) return fails(directory, ...codes);
  const next = (result: unknown): Directory =>
    withCertificates(directory, [toCertificate(input, String(result), nowMs)], 'CREATED', nowMs);
  return { outcomes: [{ result: id ?? generatedId }], next };
}

function isRevocationRight({ status, revokedAt, revocationReason }: CertificateInput): boolean {
  return status === 'REVOKED' || (revokedAt === undefined && revocationReason === undefined);
}

function toCertificate(input: CertificateInput, id: string, nowMs: number): Certificate {
  return {
    id,
    subject: input.subject,
    issuer: input.issuer,
    notBefore: input.notBefore,
    notAfter: input.notAfter,
    publicKey: input.publicKey,
    certificate: input.certificate,
    fingerprint: input.fingerprint,
    status: input.status ?? 'VALID',
    metadata: input.metadata ?? {},
    createdAt: input.createdAt ?? new Date(nowMs),
    ...(input.revokedAt === undefined ? {} : { revokedAt: input.revokedAt }),
    ...(input.revocationReason === undefined ? {} : { revocationReason: input.revocationReason }),
  };
}

/**
 * Predicts `updateCertificateStatus`: `false` when the certificate does not exist, INVALID_TRANSITION from REVOKED to
 * another status. The same status returns `true` and changes nothing.
 */
export function updateStatus(
  directory: Directory,
  { nowMs }: Settings,
  id: string,
  status: CertificateStatus,
): Prediction {
  const before = directory.certificates.get(id);
  if (before === undefined) return answers(directory, false);
  if (before.status === status) return answers(directory, true);
  if (before.status === 'REVOKED') return fails(directory, 'INVALID_TRANSITION');
  const after: Certificate = { ...before, status, ...(status === 'REVOKED' ? { revokedAt: new Date(nowMs) } : {}) };
  return leaves(withCertificates(directory, [after], 'UPDATED', nowMs), true);
}
