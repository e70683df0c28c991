import type { Certificate, CertificateQuery } from '../../src';
import { answers, fails, type Directory, type Prediction, type Settings } from './prediction';
import { matchesNothing } from './resolution-model';
import { bareFingerprint, compareCodePoints, fold, holdsAll } from './text';
import { windowed } from './window-model';

/** Predicts `certificates.query`: the matching certificates in the requested order. */
export function searchCertificates(directory: Directory, settings: Settings, query: CertificateQuery): Prediction {
  return windowed(directory, findCertificates(directory, query), query, settings.maxResults);
}

/**
 * Predicts `certificates.expiring`: the VALID and SUSPENDED certificates that end after now and within the span, the
 * earliest first.
 */
export function searchExpiring(directory: Directory, { nowMs, maxResults }: Settings, withinMs: number): Prediction {
  if (!Number.isSafeInteger(withinMs) || withinMs < 0) return fails(directory, 'INVALID_INPUT');
  if (withinMs === 0) return answers(directory, []);
  const all = findCertificates(directory, { status: ['VALID', 'SUSPENDED'], orderBy: 'notAfter' });
  const soon = all.filter(({ notAfter }) => notAfter.getTime() > nowMs && notAfter.getTime() <= nowMs + withinMs);
  return windowed(directory, soon, {}, maxResults);
}

function findCertificates({ certificates }: Directory, query: CertificateQuery): Certificate[] {
  if (matchesNothing(query)) return [];
  const found = [...certificates.values()].filter((certificate) => isMatch(certificate, query));
  const { orderBy = 'createdAt', orderDirection = query.orderBy === undefined ? 'desc' : 'asc' } = query;
  const sign = orderDirection === 'asc' ? 1 : -1;
  return found.sort((first, second) => {
    return sign * compare(first[orderBy], second[orderBy]) || compareCodePoints(first.id, second.id);
  });
}

function compare(first: string | Date, second: string | Date): number {
  if (first instanceof Date) return first.getTime() - Number(second);
  return compareCodePoints(first, String(second));
}

function isMatch(certificate: Certificate, query: CertificateQuery): boolean {
  const { ids, subject, issuer, status, fingerprint, expiresBefore, expiresAfter, metadata } = query;
  return (
    (ids === undefined || ids.includes(certificate.id)) &&
    (subject === undefined || fold(certificate.subject).includes(fold(subject))) &&
    (issuer === undefined || fold(certificate.issuer).includes(fold(issuer))) &&
    (status === undefined || status.includes(certificate.status)) &&
    (fingerprint === undefined || bareFingerprint(certificate.fingerprint) === bareFingerprint(fingerprint)) &&
    (expiresBefore === undefined || certificate.notAfter < expiresBefore) &&
    (expiresAfter === undefined || certificate.notAfter > expiresAfter) &&
    (metadata === undefined || holdsAll(certificate.metadata, metadata))
  );
}
