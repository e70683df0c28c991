import type { Metadata } from '../../metadata/types';
import type { OrderDirection } from '../../query/order-direction';
import type { CertificateStatus } from '../types';

/** Fields that certificates can be ordered by. */
export const certificateOrderFields = ['id', 'subject', 'notBefore', 'notAfter', 'createdAt'] as const;
export type CertificateOrderField = (typeof certificateOrderFields)[number];

/**
 * Filter, order and range of certificates. A certificate must match every given field. A field that is `undefined` does
 * not restrict the results; an empty string or an empty array matches no certificate.
 *
 * @example
 * ```ts
 * const query: CertificateQuery = { issuer: 'example ca', status: ['VALID'], orderBy: 'notAfter', limit: 20 };
 * ```
 */
export interface CertificateQuery {
  /** Ids of the certificates to find. */
  ids?: readonly string[] | undefined;
  /** Literal text that the subject contains, case-insensitive. */
  subject?: string | undefined;
  /** Literal text that the issuer contains, case-insensitive. */
  issuer?: string | undefined;
  /** Accepted statuses. The certificate must have one of them. */
  status?: readonly CertificateStatus[] | undefined;
  /** Fingerprint of the certificate. Colons and case are ignored. */
  fingerprint?: string | undefined;
  /** Finds certificates whose `notAfter` is before this time. */
  expiresBefore?: Date | undefined;
  /** Finds certificates whose `notAfter` is after this time. */
  expiresAfter?: Date | undefined;
  /**
   * Metadata entries that the certificate must have, each with exactly the given JSON value. Other entries are allowed.
   * The order of keys in objects does not matter.
   */
  metadata?: Metadata | undefined;
  /**
   * Field that the certificates are ordered by. Certificates with equal values are ordered by ascending id.
   *
   * @defaultValue `'createdAt'`
   */
  orderBy?: CertificateOrderField | undefined;
  /**
   * Direction in which the certificates are ordered.
   *
   * @defaultValue `'asc'` with `orderBy`, `'desc'` without it
   */
  orderDirection?: OrderDirection | undefined;
  /**
   * Maximum number of results; with 0, the result is empty. A query without `limit` fails with RESULT_TOO_LARGE when
   * more than `maxResults` certificates match.
   */
  limit?: number | undefined;
  /**
   * Number of results to skip.
   *
   * @defaultValue `0`
   */
  offset?: number | undefined;
}
