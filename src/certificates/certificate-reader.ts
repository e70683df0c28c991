import type { ReadOptions } from '../options/read-options';
import type { CertificateQuery } from './query/types';
import type { Certificate } from './types';

/** Methods of `db.certificates` that read. */
export interface CertificateReader {
  /**
   * Returns a certificate with its metadata, as one snapshot; null when it does not exist. With the database option
   * `cache`, the returned object is frozen, because several callers may get the same object.
   *
   * @throws INVALID_INPUT when `id` is not a string, is empty or is longer than `limits.nameLength`, or when `options`
   * is invalid.
   * @example
   * ```ts
   * const certificate = await db.certificates.get(certificateId);
   * if (certificate?.status !== 'VALID') console.log('not usable');
   * ```
   */
  get(id: string, options?: ReadOptions): Promise<Certificate | null>;

  /**
   * Returns the certificate with a fingerprint, as one snapshot; null when it does not exist. With the database option
   * `cache`, the returned object is frozen, because several callers may get the same object.
   *
   * @param fingerprint - colons and case are ignored.
   * @throws INVALID_INPUT when `fingerprint` is not a string, is empty or is longer than `limits.nameLength`, or when
   * `options` is invalid.
   * @example
   * ```ts
   * const certificate = await db.certificates.getByFingerprint('3F:0A:91:7C');
   * if (certificate === null) console.log('unknown certificate');
   * ```
   */
  getByFingerprint(fingerprint: string, options?: ReadOptions): Promise<Certificate | null>;

  /**
   * Returns the certificates that match all fields of a query, as one snapshot; an empty array when none matches.
   * Certificates with equal sort values are in ascending order of their ids.
   *
   * @param query - see {@link CertificateQuery}. Default: all certificates, newest first.
   * @throws RESULT_TOO_LARGE when more than `maxResults` certificates match a query without `limit`, or when the result
   * is larger than `limits.answerLength`; INVALID_INPUT when an argument is invalid.
   * @example
   * ```ts
   * const revoked = await db.certificates.query({ issuer: 'example ca', status: ['REVOKED'], limit: 20 });
   * for (const { subject, revocationReason } of revoked) console.log(subject, revocationReason);
   * ```
   */
  query(query?: CertificateQuery, options?: ReadOptions): Promise<Certificate[]>;

  /**
   * Returns the VALID and SUSPENDED certificates that expire within `withinMs` milliseconds from now, as one snapshot;
   * an empty array when there are none. Excludes certificates that have already expired. The order is by `notAfter`,
   * then by id, both ascending.
   *
   * @param withinMs - an integer from 0, in milliseconds.
   * @throws RESULT_TOO_LARGE when there are more than `maxResults` such certificates, or when the result is larger than
   * `limits.answerLength`; INVALID_INPUT when an argument is invalid.
   * @example
   * ```ts
   * const weekMs = 7 * 24 * 60 * 60 * 1000;
   * for (const { id, notAfter } of await db.certificates.expiring(weekMs)) console.log(id, notAfter);
   * ```
   */
  expiring(withinMs: number, options?: ReadOptions): Promise<Certificate[]>;
}
