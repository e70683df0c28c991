import { checkLimitOffset, limitOffsetFields, type LimitOffset } from '../../query/limit-offset';
import { orderFields, parseOrder, type Order } from '../../query/order';
import { maxTimeMs } from '../../sql/time-range';
import { checkObject, checkOneOf } from '../../validation/checks';
import type { Validator } from '../../validation/validator';
import { certificateOrderFields, type CertificateOrderField } from './types';
import { certificateFilterTerms, type CertificateFilter } from './filter-fields';

export type CertificateOrder = Order<CertificateOrderField>;

/** Validated query of certificates. `filter` is null when no certificate can match. */
export interface ParsedCertificateQuery {
  readonly filter: CertificateFilter | null;
  readonly order: CertificateOrder;
  readonly limitOffset: LimitOffset;
}

const queryFields = new Set([...certificateFilterTerms.fields, ...orderFields, ...limitOffsetFields]);

/** Order of a certificate query without `orderBy`. */
const newestFirst: CertificateOrder = { field: 'createdAt', direction: 'desc' };

/**
 * Parses a certificate query. Checks all fields, even if one of them already excludes every certificate.
 *
 * @throws INVALID_INPUT when a field is unknown or invalid
 */
export function parseCertificateQuery(input: unknown, checks: Validator): ParsedCertificateQuery {
  const query = checkObject(input, 'query', queryFields);
  return {
    filter: certificateFilterTerms.parse(query, checks),
    order: parseOrder(query, (value, path) => checkOneOf(value, certificateOrderFields, path), newestFirst),
    limitOffset: checkLimitOffset(query),
  };
}

/**
 * Returns the query of the VALID and SUSPENDED certificates that expire within `spanMs` from now, ordered by the time
 * of expiry.
 */
export function expiringWithin(nowMs: number, spanMs: number): ParsedCertificateQuery {
  return {
    filter: {
      status: ['VALID', 'SUSPENDED'],
      expiresAfter: nowMs,
      // Adds 1 millisecond: `expiresBefore` excludes its own time, but the result must include it. No certificate
      // expires after `maxTimeMs`.
      expiresBefore: Math.min(nowMs + spanMs, maxTimeMs) + 1,
    },
    order: { field: 'notAfter', direction: 'asc' },
    limitOffset: { limit: undefined, offset: undefined },
  };
}
