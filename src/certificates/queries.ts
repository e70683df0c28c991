import type { ServiceSettings } from '../options/service-settings';
import { checkResultSize, rowLimit } from '../query/limit-offset';
import { mapYielding } from '../runtime/event-loop';
import { withBounds, type Statement } from '../sql/statement';
import type { Executor } from '../storage/executor';
import { answerBounds } from '../validation/limits';
import { buildCertificateQuery } from './query/builder';
import type { ParsedCertificateQuery } from './query/validation';
import { toCertificate } from './rows';
import { certificateStatements } from './statements';
import type { Certificate } from './types';

/*
 * Functions that read certificates. Each runs at most one statement, so that its result is one snapshot.
 */

/** Returns a certificate; null when it does not exist. */
export function getCertificate(executor: Executor, id: string): Promise<Certificate | null> {
  return selectOne(executor, certificateStatements(executor.dialect).selectById({ id }));
}

/** Returns the certificate whose normalized fingerprint is `fingerprintKey`; null when it does not exist. */
export function getByFingerprint(executor: Executor, fingerprintKey: string): Promise<Certificate | null> {
  return selectOne(executor, certificateStatements(executor.dialect).selectByFingerprint({ fingerprintKey }));
}

/**
 * Returns the certificates that match a query, in the requested order.
 *
 * @throws RESULT_TOO_LARGE when a query without a limit matches more than `maxResults` certificates
 */
export async function queryCertificates(
  executor: Executor,
  { filter, order, limitOffset }: ParsedCertificateQuery,
  { maxResults, checks }: ServiceSettings,
): Promise<Certificate[]> {
  if (filter === null || limitOffset.limit === 0) return [];
  const selection = { filter, order, limit: rowLimit(limitOffset, maxResults), offset: limitOffset.offset ?? 0 };
  const statement = buildCertificateQuery(executor.dialect, selection);
  const rows = await executor.query(withBounds(answerBounds(checks.limits), statement));
  checkResultSize(limitOffset, rows, maxResults);
  return mapYielding(rows, toCertificate);
}

async function selectOne(executor: Executor, statement: Statement): Promise<Certificate | null> {
  const [row] = await executor.query(statement);
  return row === undefined ? null : toCertificate(row);
}
