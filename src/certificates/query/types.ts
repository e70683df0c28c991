import type { Metadata } from '../../metadata/types';
import type { OrderDirection } from '../../query/order-direction';
import type { CertificateStatus } from '../types';

/** Fields that certificates can be ordered by. */
export const certificateOrderFields = ['id', 'subject', 'notBefore', 'notAfter', 'createdAt'] as const;
export type CertificateOrderField = (typeof certificateOrderFields)[number];

/**
 * Filter, order and range of certificates. A certificate must match every given field. `undefined` filters nothing; an
 * empty string or an empty array matches no certificate.
 *
 * @example
 * ```ts
 * const query: CertificateQuery = { issuer: 'example ca', status: ['VALID'], orderBy: 'notAfter', limit: 20 };
 * ```
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
  /** Colons and case are ignored. */
  fingerprint?: string | undefined;
  /** `notAfter` is before this time. */
  expiresBefore?: Date | undefined;
  /** `notAfter` is after this time. */
  expiresAfter?: Date | undefined;
  /** Every given key has exactly this JSON value. The order of the keys of objects does not matter. */
  metadata?: Metadata | undefined;
  /**
   * Field that the certificates are ordered by. Ties are broken by ascending id.
   *
   * @defaultValue `'createdAt'`
   */
  orderBy?: CertificateOrderField | undefined;
  /**
   * Direction of the order.
   *
   * @defaultValue `'asc'` with `orderBy`, `'desc'` without it
   */
  orderDirection?: OrderDirection | undefined;
  /** Maximum number of results; 0 returns none. Without it, more than `maxResults` matches are an error. */
  limit?: number | undefined;
  /**
   * Number of results to skip.
   *
   * @defaultValue `0`
   */
  offset?: number | undefined;
}
