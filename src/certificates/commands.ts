import { Failure, maxLockTries, protectedRow } from '../errors/failure';
import { certificateRevoked } from '../errors/refused-column';
import type { MetadataRow } from '../metadata/metadata-rows';
import type { Dialect } from '../sql/dialect';
import { chunkRows } from '../sql/chunks';
import {
  inOrder,
  lastly,
  type ChangeEntry,
  type Row,
  type Statement,
  type StatementResult,
  type Work,
} from '../sql/statement';
import { certificateStatements, type CertificateStatements } from './statements';
import { holderStatements, type HolderStatements } from './holder-statements';
import type { NewCertificateRow } from './validation';
import type { ParsedRevocation } from './revocation-options';
import type { RevocationOutcome } from './types';

/*
 * Works that change certificates, also as parts of other works. Each work records its changes for the feed; `nowMs` is
 * the time of the change.
 */

/** Stores a certificate; gives its id. */
export function* insertCertificate(
  statements: CertificateStatements,
  row: NewCertificateRow,
  nowMs: number,
): Work<string> {
  const { id } = row.columns;
  yield* lastly(statements.insert(row));
  yield certificateChange('CREATED', [id], nowMs);
  return id;
}

/** Returns whether the certificate exists. */
export function* replaceMetadata(
  statements: CertificateStatements,
  id: string,
  metadata: readonly MetadataRow[],
  nowMs: number,
): Work<boolean> {
  if (!(yield* touch(statements, id))) return false;
  yield* lastly(statements.replaceMetadata(id, metadata));
  yield certificateChange('UPDATED', [id], nowMs);
  return true;
}

/** Returns whether the certificate existed. */
export function* deleteCertificate(dialect: Dialect, id: string, nowMs: number): Work<boolean> {
  const statements = certificateStatements(dialect);
  if ((yield* lock(statements, id)) === undefined) return false;
  const { rows: holders } = yield holderStatements(dialect).exists({ certificateId: id });
  if (holders.length > 0) {
    throw new Failure('STILL_REFERENCED', 'an agent holds the certificate', { entity: 'certificate' });
  }
  const { rows: predecessors } = yield statements.lockPredecessors({ id });
  const { changes } = yield statements.delete({ id });
  // A row security policy may let the role lock a certificate but not delete it. The server does not report that.
  if (changes === 0) throw protectedRow();
  yield certificateChange('DELETED', [id], nowMs);
  // The database has taken the link to their successor from them.
  yield certificateChange('UPDATED', idsOf(predecessors), nowMs);
  return true;
}

/** Null where the certificate is not there. */
export function* revokeCertificate(
  dialect: Dialect,
  id: string,
  { reason, revokedAtMs, agents }: ParsedRevocation,
  nowMs: number,
): Work<RevocationOutcome | null> {
  const statements = certificateStatements(dialect);
  if ((yield* lock(statements, id)) === undefined) return null;
  const { changes } = yield statements.revoke({ id, reason, revokedAt: revokedAtMs });
  if (changes === 0) return { revoked: false, agents: [] };
  yield certificateChange('UPDATED', [id], nowMs);
  if (agents === 'keep') return { revoked: true, agents: [] };
  const holders = holderStatements(dialect);
  const lockHolders = agents === 'suspend' ? holders.lockForSuspension : holders.lockForRevocation;
  const status = agents === 'suspend' ? 'SUSPENDED' : 'REVOKED';
  const ids = yield* changeHolders(holders, lockHolders, id, (some) => holders.setStatus(some, status, nowMs));
  yield agentNote(ids, nowMs);
  return { revoked: true, agents: ids };
}

/** Puts a new certificate in the place of `oldId`; gives its id. */
export function* rotateCertificate(
  dialect: Dialect,
  oldId: string,
  { row, allowsRevoked }: { readonly row: NewCertificateRow; readonly allowsRevoked: boolean },
  nowMs: number,
): Work<string> {
  const statements = certificateStatements(dialect);
  const locked = yield* lock(statements, oldId);
  if (locked === undefined) {
    // Fails with ALREADY_EXISTS when the new id or fingerprint is taken: this error is reported first, and everything
    // is rolled back.
    yield* inOrder(statements.insert(row));
    const message = 'the certificate to be replaced does not exist';
    throw new Failure('REFERENCE_NOT_FOUND', message, { entity: 'certificate', field: 'oldId' });
  }
  if (locked[1] !== null) {
    const message = 'the certificate has been replaced already';
    throw new Failure('CONFLICT', message, { entity: 'certificate', field: 'replacedBy' });
  }
  if (row.columns.status === 'REVOKED' && !allowsRevoked) throw certificateRevoked();
  const id = yield* insertCertificate(statements, row, nowMs);
  yield* lastly([statements.setSuccessor({ id: oldId, successor: id })]);
  yield certificateChange('UPDATED', [oldId], nowMs);
  const holders = holderStatements(dialect);
  const ids = yield* changeHolders(holders, holders.lockAll, oldId, (some) => holders.setCertificate(some, id, nowMs));
  yield agentNote(ids, nowMs);
  return id;
}

/** Changes the agents that hold a certificate; returns their ids in ascending order. */
function* changeHolders(
  { isStepped }: HolderStatements,
  lock: HolderStatements['lockAll'],
  certificateId: string,
  change: (ids: readonly string[]) => Statement,
): Work<string[]> {
  const all: string[] = [];
  for (let after = -1; ;) {
    const { rows } = yield lock({ certificateId, after });
    const ids = idsOf(rows);
    // Sorting is quick when the parts are sorted already.
    for (const id of isStepped ? sortByCodePoint(ids) : ids) all.push(id);
    if (ids.length > 0) yield* lastly([change(ids)]);
    if (!isStepped) return all;
    if (ids.length < chunkRows) {
      // Lets other work of the process run.
      yield* inOrder([]);
      return sortByCodePoint(all);
    }
    after = Number(rows.at(-1)?.[1]);
  }
}

// Without surrogates the order of code units equals that of code points, and is much faster to compute.
function sortByCodePoint(ids: string[]): string[] {
  if (!ids.some((id) => /[\ud800-\udfff]/.test(id))) return ids.sort();
  return ids.sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
}

/** Sets at most `limit` certificates that are due to EXPIRED; returns how many it changed. */
export function* expireDueCertificates(statements: CertificateStatements, nowMs: number, limit: number): Work<number> {
  const { rows } = yield statements.expireDue({ now: nowMs, limit });
  yield certificateChange('UPDATED', idsOf(rows), nowMs);
  return rows.length;
}

// Returns the columns of `lock`; undefined when the certificate does not exist. Blocks other changes of it until the
// end of the transaction.
function* lock(statements: CertificateStatements, id: string): Work<Row | undefined> {
  return yield* repeatWhileHidden(statements, id, statements.lock({ id }), ({ rows }) => rows[0]);
}

// Returns whether the certificate exists. Blocks other changes of it until the end of the transaction.
function* touch(statements: CertificateStatements, id: string): Work<boolean> {
  const isThere = ({ changes }: StatementResult): true | undefined => (changes > 0 ? true : undefined);
  return (yield* repeatWhileHidden(statements, id, statements.touch({ id }), isThere)) === true;
}

// Returns the result of a statement on the certificate; undefined when it does not exist. Tries again when the
// certificate is created in between. The number of attempts is limited: a policy may let the role see the row but not
// change it.
function* repeatWhileHidden<T>(
  statements: CertificateStatements,
  id: string,
  statement: Statement,
  outcomeOf: (result: StatementResult) => T | undefined,
): Work<T | undefined> {
  for (let tries = 0; tries < maxLockTries; tries += 1) {
    const outcome = outcomeOf(yield statement);
    if (outcome !== undefined || (yield statements.exists({ id })).rows.length === 0) return outcome;
  }
  throw protectedRow();
}

/** A note of a change of certificates for the feed. */
export function certificateChange(kind: ChangeEntry['kind'], ids: readonly string[], changedAt: number): ChangeEntry {
  return { entity: 'CERTIFICATE', kind, ids, changedAt };
}

function agentNote(ids: readonly string[], changedAt: number): ChangeEntry {
  return { entity: 'AGENT', kind: 'UPDATED', ids, changedAt };
}

// The first column of such a row is an id.
function idsOf(rows: readonly (readonly unknown[])[]): string[] {
  return rows.map(([id]) => id as string);
}
