import type { Metadata } from '../metadata/types';

/** Whether a certificate may be relied on. REVOKED is terminal. */
export const CertificateStatus = {
  VALID: 'VALID',
  SUSPENDED: 'SUSPENDED',
  EXPIRED: 'EXPIRED',
  REVOKED: 'REVOKED',
} as const;
export type CertificateStatus = (typeof CertificateStatus)[keyof typeof CertificateStatus];

/** Why a certificate was revoked: CRLReason of RFC 5280, section 5.3.1. */
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
  /** The id of a certificate that exists. */
  replacedBy?: string | undefined;
}
