import type { OrderDirection } from '../agents/types';
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
  /** Not before `notBefore`. */
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

/** How a certificate is rotated. */
export interface RotateOptions {
  /** Whether the new certificate may be REVOKED; the call fails with INVALID_TRANSITION otherwise. Default: false. */
  allowRevokedCertificate?: boolean | undefined;
}

/** How a certificate is revoked. */
export interface RevocationOptions {
  reason: RevocationReason;
  /** Default: now. */
  revokedAt?: Date | undefined;
  /**
   * What becomes of the agents that hold the certificate: nothing (`keep`), ACTIVE and DEPRECATED ones become SUSPENDED
   * (`suspend`), or all become REVOKED (`revoke`), which is for good.
   */
  agents: 'keep' | 'suspend' | 'revoke';
}

/** What a revocation has changed. */
export interface RevocationOutcome {
  /** False when the certificate had been revoked before: nothing was changed. */
  revoked: boolean;
  /** The ids of the agents that were changed with it, ascending. */
  agents: string[];
}

/** What certificates can be ordered by. */
export const certificateOrderFields = ['id', 'subject', 'notBefore', 'notAfter', 'createdAt'] as const;
export type CertificateOrderField = (typeof certificateOrderFields)[number];

/**
 * Which certificates to find. Every field that is given has to match; `undefined` means no filter; an empty string or an
 * empty array matches nothing.
 */
export interface CertificateQuery {
  /** Any of these ids. */
  ids?: readonly string[] | undefined;
  /** A literal part of the subject, in any case. */
  subject?: string | undefined;
  /** A literal part of the issuer, in any case. */
  issuer?: string | undefined;
  /** Any of these. */
  status?: readonly CertificateStatus[] | undefined;
  /** Colons and case ignored. */
  fingerprint?: string | undefined;
  /** `notAfter` is strictly before. */
  expiresBefore?: Date | undefined;
  /** `notAfter` is strictly after. */
  expiresAfter?: Date | undefined;
  /** Every key given holds exactly this JSON value; the order of the keys of objects does not matter. */
  metadata?: Metadata | undefined;
  /** Default: createdAt. Ties are broken by id, ascending. */
  orderBy?: CertificateOrderField | undefined;
  /** Default: asc, or desc without `orderBy`. */
  orderDirection?: OrderDirection | undefined;
  /** How many at most; 0 gives none. Without it, more than `maxResults` matches are an error. */
  limit?: number | undefined;
  /** How many to leave out first. Default: 0. */
  offset?: number | undefined;
}
