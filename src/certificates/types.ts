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

/** An X.509 certificate, as it is read. Only id and fingerprint identify one: subjects may be empty or shared. */
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
  /** The id of the certificate that took this one's place. */
  replacedBy?: string;
}

/** A certificate as it is given. */
export interface CertificateInput {
  /** Default: a UUIDv7. */
  id?: string | undefined;
  subject: string;
  issuer: string;
  notBefore: Date;
  /** Must not be before `notBefore`. */
  notAfter: Date;
  publicKey: string;
  certificate: string;
  fingerprint: string;
  /** Default: VALID. */
  status?: CertificateStatus | undefined;
  /** Default: empty. */
  metadata?: Metadata | undefined;
  /** Default: now. */
  createdAt?: Date | undefined;
  /** Only with status REVOKED, to keep the history of a certificate from elsewhere. */
  revokedAt?: Date | undefined;
  /** Only with status REVOKED. */
  revocationReason?: RevocationReason | undefined;
}

/** Options of a rotation. */
export interface RotateOptions {
  /**
   * True to accept a new certificate that is REVOKED; otherwise the call fails with INVALID_TRANSITION. Default: false.
   */
  allowRevokedCertificate?: boolean | undefined;
}

/** Options of a revocation. */
export interface RevocationOptions {
  reason: RevocationReason;
  /** Default: now. */
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
  /** The ids of the agents that were changed with it, ascending. */
  agents: string[];
}
