import { Failure, maxLockAttempts, protectedRow } from '../errors/failure';
import { certificateRevoked } from '../errors/refused-column';
import type { MetadataRow } from '../metadata/metadata-rows';
import { shouldYield, yieldToEventLoop } from '../runtime/event-loop';
import { chunkRows } from '../sql/chunks';
import { sortByCodePoint } from '../sql/code-point-order';
import type { Row, Statement } from '../sql/statement';
import type { ChangeEntry, Transaction } from '../storage/transaction';
import { beforeHolders, holderStatements, type HolderStatements } from './holder-statements';
import { lockForUpdate, lockHeldBy, repeatWhileHidden } from './lock-certificate';
import type { ParsedRevocation } from './options';
import { certificateStatements } from './statements';
import type { CertificateStatus, RevocationOutcome } from './types';
import type { NewCertificateRow } from './validation';

/*
 * Operations that change certificates. Each is called inside a transaction, and adds its changes to the change feed.
 * `nowMs` is the time of the change in milliseconds since 1970.
 */

/** Stores a certificate, and returns its id. */
export function insertCertificate(tx: Transaction, row: NewCertificateRow, nowMs: number): string {
  const { id } = row.columns;
  tx.executeAtCommit(certificateStatements(tx.dialect).insert(row));
  tx.recordChange(certificateChange('CREATED', [id], nowMs));
  return id;
}

/**
 * Sets the status of a certificate. The statement itself tests the stored status, so it never overwrites a concurrent
 * revocation. Returns false when the certificate does not exist.
 *
 * @throws INVALID_TRANSITION when the certificate is REVOKED and `status` is not
 */
export async function setCertificateStatus(
  tx: Transaction,
  id: string,
  status: CertificateStatus,
  nowMs: number,
): Promise<boolean> {
  const { setStatus, selectStatus } = certificateStatements(tx.dialect);
  const statement = setStatus({ id, status, revokedAt: status === 'REVOKED' ? nowMs : null });
  // Tries again if another transaction changes the status between the two statements. The number of attempts is
  // limited, because every attempt fails if a row security policy lets the database role only see the certificate.
  for (let tries = 0; tries < maxLockAttempts; tries += 1) {
    if ((await tx.execute(statement)) > 0) {
      tx.recordChange(certificateChange('UPDATED', [id], nowMs));
      return true;
    }
    const [found] = await tx.query(selectStatus({ id }));
    if (found === undefined) return false;
    if (found[0] === status) return true;
    if (found[0] === 'REVOKED') throw staysRevoked();
  }
  throw protectedRow();
}

/** Replaces the metadata of a certificate. Returns false when the certificate does not exist. */
export async function replaceMetadata(
  tx: Transaction,
  id: string,
  metadata: readonly MetadataRow[],
  nowMs: number,
): Promise<boolean> {
  const statements = certificateStatements(tx.dialect);
  const touched = await repeatWhileHidden(tx, id, async () => {
    return (await tx.execute(statements.touch({ id }))) > 0 ? true : undefined;
  });
  if (touched === undefined) return false;
  tx.executeAtCommit(statements.replaceMetadata(id, metadata));
  tx.recordChange(certificateChange('UPDATED', [id], nowMs));
  return true;
}

/**
 * Deletes a certificate with its metadata. Returns false when the certificate does not exist.
 *
 * @throws STILL_REFERENCED while an agent holds the certificate
 */
export async function deleteCertificate(tx: Transaction, id: string, nowMs: number): Promise<boolean> {
  const statements = certificateStatements(tx.dialect);
  if ((await lockForUpdate(tx, id)) === undefined) return false;
  const holders = await tx.query(holderStatements(tx.dialect).exists({ certificateId: id }));
  if (holders.length > 0) {
    throw new Failure('STILL_REFERENCED', 'an agent still refers to the certificate', { entity: 'certificate' });
  }
  const predecessors = await tx.query(statements.lockPredecessors({ id }));
  // A row security policy may let the database role lock a certificate but not delete it. DELETE then reports no error,
  // and deletes no row.
  if ((await tx.execute(statements.delete({ id }))) === 0) throw protectedRow();
  tx.recordChange(certificateChange('DELETED', [id], nowMs));
  // The foreign key has set `replaced_by` to NULL in the certificates that the deleted certificate replaced. The change
  // feed reports these certificates, too.
  tx.recordChange(certificateChange('UPDATED', idsOf(predecessors), nowMs));
  return true;
}

/**
 * Revokes a certificate and, as `agents` requests, changes the agents that hold it. Returns null when the certificate
 * does not exist.
 *
 * @param scopeOwner - owner whose agents must hold the certificate; undefined when agents of any owner may hold it.
 * @throws CONFLICT when agents of `scopeOwner` and of another owner hold the certificate
 */
export async function revokeCertificate(
  tx: Transaction,
  id: string,
  { reason, revokedAtMs, agents }: ParsedRevocation,
  nowMs: number,
  scopeOwner: string | undefined,
): Promise<RevocationOutcome | null> {
  if ((await lockHeldBy(tx, id, scopeOwner)) === undefined) return null;
  const { revoke } = certificateStatements(tx.dialect);
  const changed = await tx.execute(revoke({ id, reason, revokedAt: revokedAtMs }));
  if (changed === 0) return { revoked: false, agents: [] };
  tx.recordChange(certificateChange('UPDATED', [id], nowMs));
  if (agents === 'keep') return { revoked: true, agents: [] };
  const holders = holderStatements(tx.dialect);
  const lockHolders = agents === 'suspend' ? holders.lockForSuspension : holders.lockForRevocation;
  const status = agents === 'suspend' ? 'SUSPENDED' : 'REVOKED';
  const ids = await changeHolders(tx, lockHolders, id, (some) => holders.setStatus(some, status, nowMs));
  tx.recordChange(agentChange(ids, nowMs));
  return { revoked: true, agents: ids };
}

/**
 * Replaces the certificate `oldId` by a new one, and returns the id of the new one.
 *
 * @param scopeOwner - owner whose agents must hold the old certificate; undefined when agents of any owner may hold it.
 * @throws REFERENCE_NOT_FOUND when no certificate has the id `oldId`; CONFLICT when that certificate has already been
 * replaced, or when agents of `scopeOwner` and of another owner hold it; INVALID_TRANSITION when the new certificate is
 * REVOKED, unless `allowsRevoked` is true
 */
export async function rotateCertificate(
  tx: Transaction,
  oldId: string,
  { row, allowsRevoked }: { readonly row: NewCertificateRow; readonly allowsRevoked: boolean },
  nowMs: number,
  scopeOwner: string | undefined,
): Promise<string> {
  const statements = certificateStatements(tx.dialect);
  const locked = await lockHeldBy(tx, oldId, scopeOwner);
  if (locked === undefined) {
    // Inserts the new certificate first, because ALREADY_EXISTS has precedence over the other errors of this function.
    // Those errors roll the insertion back.
    await tx.executeAll(statements.insert(row));
    const message = 'oldId must be the id of an existing certificate';
    throw new Failure('REFERENCE_NOT_FOUND', message, { entity: 'certificate', field: 'oldId' });
  }
  if (locked[1] !== null) {
    const message = 'the certificate has already been replaced';
    throw new Failure('CONFLICT', message, { entity: 'certificate', field: 'replacedBy' });
  }
  if (row.columns.status === 'REVOKED' && !allowsRevoked) throw certificateRevoked();
  const id = insertCertificate(tx, row, nowMs);
  tx.executeAtCommit([statements.setSuccessor({ id: oldId, successor: id })]);
  tx.recordChange(certificateChange('UPDATED', [oldId], nowMs));
  const holders = holderStatements(tx.dialect);
  const ids = await changeHolders(tx, holders.lockAll, oldId, (some) => holders.setCertificate(some, id, nowMs));
  tx.recordChange(agentChange(ids, nowMs));
  return id;
}

/**
 * Changes the status to EXPIRED for at most `limit` certificates whose `notAfter` has passed. Returns the number of
 * changed certificates.
 */
export async function expireDueCertificates(tx: Transaction, nowMs: number, limit: number): Promise<number> {
  const rows = await tx.executeReturning(certificateStatements(tx.dialect).expireDue({ now: nowMs, limit }));
  tx.recordChange(certificateChange('UPDATED', idsOf(rows), nowMs));
  return rows.length;
}

/** Changes the agents that hold a certificate. Returns the ids of the changed agents in ascending order. */
async function changeHolders(
  tx: Transaction,
  lock: HolderStatements['lockAll'],
  certificateId: string,
  change: (ids: readonly string[]) => Statement,
): Promise<string[]> {
  const { isStepped } = holderStatements(tx.dialect);
  const all: string[] = [];
  for (let after = beforeHolders; ;) {
    const rows = await tx.query(lock({ certificateId, ...after }));
    const ids = idsOf(rows);
    // Sorts each part of the ids when it is read. The final sort then only merges sorted parts, which is quick.
    for (const id of isStepped ? sortByCodePoint(ids) : ids) all.push(id);
    if (ids.length > 0) tx.executeAtCommit([change(ids)]);
    if (!isStepped) return all;
    if (ids.length < chunkRows) {
      // Yields before the final sort, because sorting many ids blocks the event loop for long.
      if (shouldYield()) await yieldToEventLoop();
      return sortByCodePoint(all);
    }
    const [, owner, key] = rows.at(-1) ?? [];
    after = { owner: String(owner), key: Number(key) };
  }
}

function staysRevoked(): Failure {
  return new Failure('INVALID_TRANSITION', 'the certificate is REVOKED, which is final', {
    entity: 'certificate',
    field: 'status',
  });
}

/** Returns the entry for the change feed that describes a change of certificates. */
export function certificateChange(kind: ChangeEntry['kind'], ids: readonly string[], changedAt: number): ChangeEntry {
  return { entity: 'CERTIFICATE', kind, ids, changedAt };
}

function agentChange(ids: readonly string[], changedAt: number): ChangeEntry {
  return { entity: 'AGENT', kind: 'UPDATED', ids, changedAt };
}

// Returns the ids of records. The id is the first column of each row.
function idsOf(rows: readonly Row[]): string[] {
  // The cast is safe: every statement whose rows are passed to this function selects an id first.
  return rows.map(([id]) => id as string);
}
