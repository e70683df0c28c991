import type { Metadata } from '../metadata/types';

/** Status of a certificate. REVOKED is permanent. */
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

/**
 * X.509 certificate, as the read methods return it. The id and the fingerprint are unique. The subject may be empty,
 * and several certificates may have the same subject.
 */
export interface Certificate {
  id: string;
  subject: string;
  issuer: string;
  notBefore: Date;
  notAfter: Date;
  /** Public key, in PEM format. */
  publicKey: string;
  /** Whole certificate, in PEM format. */
  certificate: string;
  /** Fingerprint of the certificate, as the caller wrote it. It is unique; comparisons ignore colons and case. */
  fingerprint: string;
  /** Serial number that the issuer assigned to the certificate, as the caller wrote it. */
  serialNumber?: string;
  status: CertificateStatus;
  metadata: Metadata;
  createdAt: Date;
  revokedAt?: Date;
  revocationReason?: RevocationReason;
  /** Id of the certificate that replaced this certificate. */
  replacedBy?: string;
}

/** Certificate to store. */
export interface CertificateInput {
  /**
   * Id of the certificate.
   *
   * @defaultValue a UUIDv7
   */
  id?: string | undefined;
  subject: string;
  issuer: string;
  notBefore: Date;
  /** End of the validity. It must not be before `notBefore`. */
  notAfter: Date;
  publicKey: string;
  certificate: string;
  fingerprint: string;
  /** Serial number that the issuer assigned to the certificate. Different issuers can assign the same number. */
  serialNumber?: string | undefined;
  /**
   * Status of the certificate.
   *
   * @defaultValue VALID
   */
  status?: CertificateStatus | undefined;
  /**
   * Data of the application.
   *
   * @defaultValue empty
   */
  metadata?: Metadata | undefined;
  /**
   * Time of creation.
   *
   * @defaultValue now
   */
  createdAt?: Date | undefined;
  /** Time of the revocation, for a certificate that is imported as REVOKED. Must be absent with any other status. */
  revokedAt?: Date | undefined;
  /** Reason of the revocation, for a certificate that is imported as REVOKED. Must be absent with any other status. */
  revocationReason?: RevocationReason | undefined;
}

/** Options of `certificates.rotate`. */
export interface RotateOptions {
  /**
   * True to accept a new certificate that is REVOKED. Otherwise, the call fails with INVALID_TRANSITION.
   *
   * @defaultValue false
   */
  allowRevokedCertificate?: boolean | undefined;
}

/** Options of `certificates.revoke`. */
export interface RevocationOptions {
  reason: RevocationReason;
  /**
   * Time of the revocation.
   *
   * @defaultValue now
   */
  revokedAt?: Date | undefined;
  /**
   * Effect on the agents that hold the certificate. `keep`: none. `suspend`: suspends ACTIVE and DEPRECATED agents.
   * `revoke`: revokes all agents, permanently.
   */
  agents: 'keep' | 'suspend' | 'revoke';
}

/** Result of `certificates.revoke`. */
export interface RevocationOutcome {
  /**
   * True when this call has revoked the certificate. False when it was already revoked, so that nothing was changed.
   */
  revoked: boolean;
  /** Ids of the agents that were suspended or revoked, in ascending order. */
  agents: string[];
}
