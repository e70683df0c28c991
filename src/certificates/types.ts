import type { Metadata } from '../metadata/types';

/** Status of a certificate. REVOKED is terminal. */
export const CertificateStatus = {
  VALID: 'VALID',
  SUSPENDED: 'SUSPENDED',
  EXPIRED: 'EXPIRED',
  REVOKED: 'REVOKED',
} as const;
export type CertificateStatus = (typeof CertificateStatus)[keyof typeof CertificateStatus];

/** Reason of a revocation: CRLReason of RFC 5280, section 5.3.1. */
export const RevocationReason = {
  unspecified: 'unspecified',
  keyCompromise: 'keyCompromise',
  cACompromise: 'cACompromise',
  affiliationChanged: 'affiliationChanged',
  superseded: 'superseded',
  cessationOfOperation: 'cessationOfOperation',
  certificateHold: 'certificateHold',
  removeFromCRL: 'removeFromCRL',
  privilegeWithdrawn: 'privilegeWithdrawn',
  aACompromise: 'aACompromise',
} as const;
export type RevocationReason = (typeof RevocationReason)[keyof typeof RevocationReason];

/** X.509 certificate, as reads return it. Id and fingerprint identify it; subjects may be empty or shared. */
export interface Certificate {
  id: string;
  subject: string;
  issuer: string;
  notBefore: Date;
  notAfter: Date;
  /** PEM. */
  publicKey: string;
  /** PEM. */
  certificate: string;
  /** As written; unique whatever its colons and case. */
  fingerprint: string;
  status: CertificateStatus;
  metadata: Metadata;
  createdAt: Date;
  revokedAt?: Date;
  revocationReason?: RevocationReason;
  /** Id of the certificate that replaced this one. */
  replacedBy?: string;
}

/** Certificate to store. */
export interface CertificateInput {
  /** @defaultValue a UUIDv7 */
  id?: string | undefined;
  subject: string;
  issuer: string;
  notBefore: Date;
  /** Must not be before `notBefore`. */
  notAfter: Date;
  publicKey: string;
  certificate: string;
  fingerprint: string;
  /** @defaultValue VALID */
  status?: CertificateStatus | undefined;
  /** @defaultValue empty */
  metadata?: Metadata | undefined;
  /** @defaultValue now */
  createdAt?: Date | undefined;
  /** Only with status REVOKED, to import a certificate with its history. */
  revokedAt?: Date | undefined;
  /** Only with status REVOKED. */
  revocationReason?: RevocationReason | undefined;
}

/** Options of a rotation. */
export interface RotateOptions {
  /**
   * True to accept a new certificate that is REVOKED; otherwise the call fails with INVALID_TRANSITION.
   *
   * @defaultValue false
   */
  allowRevokedCertificate?: boolean | undefined;
}

/** Options of a revocation. */
export interface RevocationOptions {
  reason: RevocationReason;
  /** @defaultValue now */
  revokedAt?: Date | undefined;
  /**
   * Effect on the agents that hold the certificate. `keep` changes nothing; `suspend` suspends ACTIVE and DEPRECATED
   * agents; `revoke` revokes all agents permanently.
   */
  agents: 'keep' | 'suspend' | 'revoke';
}

/** Result of a revocation. */
export interface RevocationOutcome {
  /** False when the certificate had been revoked before: nothing was changed. */
  revoked: boolean;
  /** Ids of the agents that were suspended or revoked, ascending. */
  agents: string[];
}
