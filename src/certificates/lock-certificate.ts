import { Failure, maxLockAttempts, protectedRow } from '../errors/failure';
import type { Row } from '../sql/statement';
import type { Transaction } from '../storage/transaction';
import { holderStatements } from './holder-statements';
import { certificateStatements } from './statements';

/**
 * Locks a certificate until the end of the transaction, so that other transactions cannot change it. Returns its status
 * and `replacedBy`; undefined when the certificate does not exist.
 */
export function lockForUpdate(tx: Transaction, id: string): Promise<Row | undefined> {
  const { lock } = certificateStatements(tx.dialect);
  return repeatWhileHidden(tx, id, async () => (await tx.query(lock({ id })))[0]);
}

/**
 * Locks a certificate that agents of `owner` hold. Until the end of the transaction, no other agent can get the
 * certificate, and these agents cannot get another owner. Returns undefined, and locks nothing, when no agent of
 * `owner` holds the certificate: calls of other owners must not have to wait. With an undefined `owner`, locks any
 * certificate.
 *
 * @throws CONFLICT when an agent of another owner also holds the certificate
 */
export async function lockHeldBy(tx: Transaction, id: string, owner: string | undefined): Promise<Row | undefined> {
  if (owner === undefined) return lockForUpdate(tx, id);
  const { selectOwners, lockOwners } = holderStatements(tx.dialect);
  const parameters = { certificateId: id, owner };
  if (!isHeldOnly(await tx.query(selectOwners(parameters)))) return undefined;
  const locked = await lockForUpdate(tx, id);
  // Other transactions may have changed the holders while PostgreSQL waited for the lock, so they are tested again.
  return lockOwners === undefined || isHeldOnly(await tx.query(lockOwners(parameters))) ? locked : undefined;
}

/**
 * Reports whether agents of the owner hold the certificate. The argument is the result of `selectOwners` or
 * `lockOwners`.
 *
 * @throws CONFLICT when an agent of another owner also holds the certificate
 */
function isHeldOnly([holders]: readonly Row[]): boolean {
  if (Number(holders?.[0]) !== 1) return false;
  if (Number(holders?.[1]) === 1) {
    throw new Failure('CONFLICT', 'an agent of another owner also holds the certificate', { entity: 'certificate' });
  }
  return true;
}

/**
 * Returns the result of `attempt`; undefined when the certificate does not exist. Repeats `attempt` when its result is
 * undefined although the certificate exists: the certificate may have been created after `attempt`. The number of
 * attempts is limited, because a row security policy may let the database role see the certificate but not change it.
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
