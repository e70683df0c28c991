import { Failure, maxLockTries, protectedRow } from '../errors/failure';
import { certificateRevoked } from '../errors/refused-column';
import type { MetadataRow } from '../metadata/metadata-rows';
import type { Dialect } from '../sql/dialect';
import { chunkRows } from '../sql/chunks';
import {
  inOrder,
  lastly,
  type ChangeNote,
  type Row,
  type Statement,
  type StatementResult,
  type Work,
} from '../sql/statement';
import { certificateStatements, type CertificateStatements } from './certificate-statements';
import { holderStatements, type HolderStatements } from './holder-statements';
import type { NewCertificateRow } from './parse-certificate';
import type { ParsedRevocation } from './parse-revocation';
import type { RevocationOutcome } from './types';

/*
 * What changes certificates: works that can be parts of others. Each notes what it has changed; `nowMs` is the time of
 * the change.
 */

/** Stores a certificate; gives its id. */
export function* insertCertificate(
  statements: CertificateStatements,
  row: NewCertificateRow,
  nowMs: number,
): Work<string> {
  const { id } = row.columns;
  yield* lastly(statements.insert(row));
  yield certificateNote('CREATED', [id], nowMs);
  return id;
}

/** Whether the certificate is there. */
export function* replaceMetadata(
  statements: CertificateStatements,
  id: string,
  metadata: readonly MetadataRow[],
  nowMs: number,
): Work<boolean> {
  if (!(yield* touch(statements, id))) return false;
  yield* lastly(statements.replaceMetadata(id, metadata));
  yield certificateNote('UPDATED', [id], nowMs);
  return true;
}

/** Whether the certificate was there. */
export function* deleteCertificate(dialect: Dialect, id: string, nowMs: number): Work<boolean> {
  const statements = certificateStatements(dialect);
  if ((yield* lock(statements, id)) === undefined) return false;
  const { rows: holders } = yield holderStatements(dialect).exists({ certificateId: id });
  if (holders.length > 0) {
    throw new Failure('STILL_REFERENCED', 'an agent holds the certificate', { entity: 'certificate' });
  }
  const { rows: predecessors } = yield statements.lockPredecessors({ id });
  const { changes } = yield statements.delete({ id });
  // A policy may let the role lock a certificate and not delete it, which the server does not report.
  if (changes === 0) throw protectedRow();
  yield certificateNote('DELETED', [id], nowMs);
  // The database has taken the link to their successor from them.
  yield certificateNote('UPDATED', idsOf(predecessors), nowMs);
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
  yield certificateNote('UPDATED', [id], nowMs);
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
    // Fails with ALREADY_EXISTS, which is reported first, where the new id or fingerprint is taken. All of it is rolled back.
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
  yield certificateNote('UPDATED', [oldId], nowMs);
  const holders = holderStatements(dialect);
  const ids = yield* changeHolders(holders, holders.lockAll, oldId, (some) => holders.setCertificate(some, id, nowMs));
  yield agentNote(ids, nowMs);
  return id;
}

/** Changes the agents that hold a certificate; gives their ids, ascending. */
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
    // Parts that are in order already are quickly put in order together.
    for (const id of isStepped ? sortByCodePoint(ids) : ids) all.push(id);
    if (ids.length > 0) yield* lastly([change(ids)]);
    if (!isStepped) return all;
    if (ids.length < chunkRows) {
      // Lets all else in the process have its turn.
      yield* inOrder([]);
      return sortByCodePoint(all);
    }
    after = Number(rows.at(-1)?.[1]);
  }
}

// Without surrogates the order of code units is that of code points, and much quicker.
function sortByCodePoint(ids: string[]): string[] {
  if (!ids.some((id) => /[\ud800-\udfff]/.test(id))) return ids.sort();
  return ids.sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
}

/** How many of at most `limit` certificates that are due have expired now. */
export function* expireDueCertificates(statements: CertificateStatements, nowMs: number, limit: number): Work<number> {
  const { rows } = yield statements.expireDue({ now: nowMs, limit });
  yield certificateNote('UPDATED', idsOf(rows), nowMs);
  return rows.length;
}

// The columns of `lock`, undefined where the certificate is absent. Nobody else changes it until the end of the transaction.
function* lock(statements: CertificateStatements, id: string): Work<Row | undefined> {
  return yield* repeatWhileHidden(statements, id, statements.lock({ id }), ({ rows }) => rows[0]);
}

// Whether the certificate is there. Nobody else changes it until the end of the transaction.
function* touch(statements: CertificateStatements, id: string): Work<boolean> {
  const isThere = ({ changes }: StatementResult): true | undefined => (changes > 0 ? true : undefined);
  return (yield* repeatWhileHidden(statements, id, statements.touch({ id }), isThere)) === true;
}

// What a statement has made of the certificate; undefined where it is absent. One that comes about in between is tried
// again. A policy may let the role see it, and not change it, which would go on for ever.
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
export function certificateNote(kind: ChangeNote['kind'], ids: readonly string[], changedAt: number): ChangeNote {
  return { entity: 'CERTIFICATE', kind, ids, changedAt };
}

function agentNote(ids: readonly string[], changedAt: number): ChangeNote {
  return { entity: 'AGENT', kind: 'UPDATED', ids, changedAt };
}

// The first column of such a row is an id.
function idsOf(rows: readonly (readonly unknown[])[]): string[] {
  return rows.map(([id]) => id as string);
}
