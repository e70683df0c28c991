import { maxTimeMs } from '../../sql/time-range';
import type { OrderDirection } from '../../query/order';
import { checkAnyTime, checkObject, checkOneOf, hasEmptyFilter, ifDefined } from '../../validation/checks';
import type { Validator } from '../../validation/validator';
import { checkLimitOffset, type LimitOffset } from '../../query/limit-offset';
import { toMetadataFilter, type MetadataRow } from '../../metadata/metadata-rows';
import { foldCase } from '../../validation/fold-case';
import { toFingerprintKey } from '../fingerprint';
import { checkCertificateStatus } from '../validation';
import { certificateOrderFields, type CertificateOrderField, type CertificateStatus } from '../types';

/** Filter for certificates: a checked query in the form in which the database compares. */
export interface CertificateFilter {
  readonly ids: readonly string[] | undefined;
  readonly subjectPart: string | undefined;
  readonly issuerPart: string | undefined;
  readonly statuses: readonly CertificateStatus[] | undefined;
  readonly fingerprintKey: string | undefined;
  readonly expiresBeforeMs: number | undefined;
  readonly expiresAfterMs: number | undefined;
  readonly metadata: readonly MetadataRow[] | undefined;
}

/** In which order. */
export interface CertificateOrder {
  readonly field: CertificateOrderField;
  readonly direction: OrderDirection;
}

/** A checked query. `filter` is null where nothing can match. */
export interface ParsedCertificateQuery {
  readonly filter: CertificateFilter | null;
  readonly order: CertificateOrder;
  readonly window: LimitOffset;
}

const queryFields = new Set([
  'ids',
  'subject',
  'issuer',
  'status',
  'fingerprint',
  'expiresBefore',
  'expiresAfter',
  'metadata',
  'orderBy',
  'orderDirection',
  'limit',
  'offset',
] as const);

type QueryFields = Readonly<Partial<Record<Parameters<typeof queryFields.add>[0], unknown>>>;

/** Checks a query, whole: also what could not matter, as nothing can match. @throws INVALID_INPUT */
export function parseCertificateQuery(input: unknown, checks: Validator): ParsedCertificateQuery {
  const query = checkObject(input, 'query', queryFields);
  const filter = parseFilter(query, checks);
  return { filter: hasEmptyFilter(filter) ? null : filter, order: parseOrder(query), window: checkLimitOffset(query) };
}

/**
 * Returns the filter for certificates that are valid, or may become valid again, and that expire within `spanMs` from
 * now, the soonest first.
 */
export function expiringWithin(nowMs: number, spanMs: number): ParsedCertificateQuery {
  return {
    filter: {
      ids: undefined,
      subjectPart: undefined,
      issuerPart: undefined,
      statuses: ['VALID', 'SUSPENDED'],
      fingerprintKey: undefined,
      expiresAfterMs: nowMs,
      // The end of the span is part of it; no certificate ends after the last time that can be stored.
      expiresBeforeMs: Math.min(nowMs + spanMs, maxTimeMs) + 1,
      metadata: undefined,
    },
    order: { field: 'notAfter', direction: 'asc' },
    window: { limit: undefined, offset: undefined },
  };
}

function parseFilter(query: QueryFields, checks: Validator): CertificateFilter {
  const subject = ifDefined(query.subject, 'subject', checks.name);
  const issuer = ifDefined(query.issuer, 'issuer', checks.name);
  const fingerprint = ifDefined(query.fingerprint, 'fingerprint', checks.name);
  return {
    ids: ifDefined(query.ids, 'ids', checks.names),
    subjectPart: subject === undefined ? undefined : foldCase(subject),
    issuerPart: issuer === undefined ? undefined : foldCase(issuer),
    statuses: ifDefined(query.status, 'status', (value, field) => checkStatuses(value, field, checks)),
    fingerprintKey: fingerprint === undefined ? undefined : toFingerprintKey(fingerprint),
    expiresBeforeMs: ifDefined(query.expiresBefore, 'expiresBefore', checkAnyTime),
    expiresAfterMs: ifDefined(query.expiresAfter, 'expiresAfter', checkAnyTime),
    metadata: ifDefined(query.metadata, 'metadata', (value, field) => toMetadataFilter(value, field, checks)),
  };
}

function checkStatuses(value: unknown, field: string, checks: Validator): CertificateStatus[] {
  return [...new Set(checks.list(value, field, checkCertificateStatus))];
}

function parseOrder(query: QueryFields): CertificateOrder {
  const field = ifDefined(query.orderBy, 'orderBy', (value, path) => checkOneOf(value, certificateOrderFields, path));
  const direction = ifDefined(query.orderDirection, 'orderDirection', (value, path) => {
    return checkOneOf(value, ['asc', 'desc'] as const, path);
  });
  return { field: field ?? 'createdAt', direction: direction ?? (field === undefined ? 'desc' : 'asc') };
}
