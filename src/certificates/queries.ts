import type { ServiceSettings } from '../options/service-settings';
import { checkResultSize, rowLimit } from '../query/limit-offset';
import { mapYielding } from '../runtime/event-loop';
import { withBounds, type Row, type Statement } from '../sql/statement';
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

/**
 * Returns a certificate; null when it does not exist.
 *
 * @param owner - owner whose agents, and no agents of another owner, must hold the certificate; undefined for any
 * owner.
 */
export async function getCertificate(
  executor: Executor,
  id: string,
  owner: string | undefined,
): Promise<Certificate | null> {
  const { selectById, selectOwnedById } = certificateStatements(executor.dialect);
  if (owner === undefined) return selectOne(executor, selectById({ id }));
  return withoutSuccessor(await selectOne(executor, selectOwnedById({ id, owner })));
}

/**
 * Returns the certificate whose normalized fingerprint is `fingerprintKey`; null when it does not exist.
 *
 * @param owner - owner whose agents, and no agents of another owner, must hold the certificate; undefined for any
 * owner.
 */
export async function getByFingerprint(
  executor: Executor,
  fingerprintKey: string,
  owner: string | undefined,
): Promise<Certificate | null> {
  const { selectByFingerprint, selectOwnedByFingerprint } = certificateStatements(executor.dialect);
  if (owner === undefined) return selectOne(executor, selectByFingerprint({ fingerprintKey }));
  return withoutSuccessor(await selectOne(executor, selectOwnedByFingerprint({ fingerprintKey, owner })));
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
  const { scopeOwner } = checks;
  const range = { limit: rowLimit(limitOffset, maxResults), offset: limitOffset.offset ?? 0 };
  const selection = { filter, order, ...range, scopeOwner };
  const statement = buildCertificateQuery(executor.dialect, selection);
  const rows = await executor.query(withBounds(answerBounds(checks.limits), statement));
  checkResultSize(limitOffset, rows, maxResults);
  const toRecord = (row: Row): Certificate =>
    scopeOwner === undefined ? toCertificate(row) : withoutSuccessor(toCertificate(row));
  return mapYielding(rows, toRecord);
}

/**
 * Removes `replacedBy` from a record that is read for one owner: the successor may be a certificate of another owner.
 */
export function withoutSuccessor<T extends Certificate | null>(certificate: T): T {
  if (certificate !== null) delete certificate.replacedBy;
  return certificate;
}

async function selectOne(executor: Executor, statement: Statement): Promise<Certificate | null> {
  const [row] = await executor.query(statement);
  return row === undefined ? null : toCertificate(row);
}
