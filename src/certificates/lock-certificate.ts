import { Failure, maxLockAttempts, protectedRow } from '../errors/failure';
import type { Row } from '../sql/statement';
import type { Transaction } from '../storage/transaction';
import { holderStatements } from './holder-statements';
import { certificateStatements } from './statements';

/**
 * Returns the row of the statement `lock`; undefined when the certificate does not exist. Other transactions cannot
 * change the certificate until the end of this transaction.
 */
export function lockForUpdate(tx: Transaction, id: string): Promise<Row | undefined> {
  const { lock } = certificateStatements(tx.dialect);
  return repeatWhileHidden(tx, id, async () => (await tx.query(lock({ id })))[0]);
}

/**
 * Locks a certificate that agents of `owner` hold. Until the end of the transaction, no other agent can get the
 * certificate, and none of these agents can get another owner. Does not lock a certificate of another owner, because
 * that owner's calls must not have to wait. With an undefined `owner`, locks any certificate.
 *
 * @throws CONFLICT when an agent of another owner holds the certificate, too
 */
export async function lockHeldBy(tx: Transaction, id: string, owner: string | undefined): Promise<Row | undefined> {
  if (owner === undefined) return lockForUpdate(tx, id);
  const { selectOwners, lockOwners } = holderStatements(tx.dialect);
  const parameters = { certificateId: id, owner };
  if (!isHeldOnly(await tx.query(selectOwners(parameters)))) return undefined;
  const locked = await lockForUpdate(tx, id);
  // While PostgreSQL waited for the lock, other transactions may have changed the holders.
  return lockOwners === undefined || isHeldOnly(await tx.query(lockOwners(parameters))) ? locked : undefined;
}

/**
 * Reports from a row of `selectOwners` whether agents of the owner hold the certificate.
 *
 * @throws CONFLICT when an agent of another owner also holds it
 */
function isHeldOnly([holders]: readonly Row[]): boolean {
  if (Number(holders?.[0]) !== 1) return false;
  if (Number(holders?.[1]) === 1) {
    throw new Failure('CONFLICT', 'an agent of another owner also holds the certificate', { entity: 'certificate' });
  }
  return true;
}

/**
 * Returns the result of `attempt`; undefined when the certificate does not exist. If `attempt` finds no certificate but
 * a later query does, the certificate may have been created between the two queries: then tries again. The number of
 * attempts is limited, because a row security policy may let the database role see the row but not change it.
 */
export async function repeatWhileHidden<T>(
  tx: Transaction,
  id: string,
  attempt: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const { exists } = certificateStatements(tx.dialect);
  for (let tries = 0; tries < maxLockAttempts; tries += 1) {
    const outcome = await attempt();
    if (outcome !== undefined || (await tx.query(exists({ id }))).length === 0) return outcome;
  }
  throw protectedRow();
}
