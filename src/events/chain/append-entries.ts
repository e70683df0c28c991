import { Failure } from '../../errors/failure';
import type { Dialect } from '../../sql/dialect';
import type { Row, Statement } from '../../sql/statement';
import type { Transaction } from '../../storage/transaction';
import { chainStart, linkAfter, type ChainLink, type NewEntry } from './hashing';
import { chainStatements } from './statements';

/** Locks the event chain, so that other transactions cannot change it until the end of this transaction. */
export async function lockChain(tx: Transaction): Promise<void> {
  const { lock } = chainStatements(tx.dialect);
  if (lock !== undefined) await tx.query(lock);
}

/**
 * Returns the head of the event chain, which is the last entry. Call {@link lockChain} first. Begins the chain when it
 * has no entry.
 *
 * @param now - time in milliseconds since 1970.
 * @throws SCHEMA_OUTDATED when older events are not in the chain yet.
 */
export async function readHead(tx: Transaction, now: number): Promise<ChainLink> {
  return toHead(tx, await tx.query(chainStatements(tx.dialect).selectHead), now);
}

/**
 * Returns the head of the event chain and locks it. Use it when the snapshot of the transaction may be older than the
 * head.
 *
 * @throws CONFLICT when the head that the snapshot contains has been pruned since.
 */
export async function lockHead(tx: Transaction, now: number): Promise<ChainLink> {
  return toHead(tx, await tx.query(chainStatements(tx.dialect).lockHead), now);
}

async function toHead(tx: Transaction, rows: readonly Row[], now: number): Promise<ChainLink> {
  const statements = chainStatements(tx.dialect);
  // The cast is safe: `selectHead` and `lockHead` select a sequence number and a hash.
  const [sequence, hash] = (rows[0] ?? []) as readonly [sequence?: number, hash?: string];
  if (sequence !== undefined && hash !== undefined && hash !== '') return { sequence, hash };

  const isBegun = (await tx.query(statements.hasCheckpoint)).length > 0;
  if (sequence !== undefined && hash !== undefined) {
    if (!isBegun) throw chainOutdated();
    // Another program has added the last entry without a hash. Recording continues, and the verification of the chain
    // will report this entry.
    return { sequence, hash };
  }
  if (!isBegun) tx.executeAtCommit([statements.insertCheckpoint({ ...chainStart, count: 0, createdAt: now })]);
  return chainStart;
}

/** Statement that appends entries to the event chain, and the head of the chain afterwards. */
export interface Appending {
  readonly statement: Statement;
  readonly head: ChainLink;
}

/** Returns the statement that appends entries to the event chain after `head`. */
export function appendEntries(dialect: Dialect, head: ChainLink, entries: readonly NewEntry[]): Appending {
  const hashes: string[] = [];
  let last = head;
  for (const { digest } of entries) {
    last = linkAfter(last, digest);
    hashes.push(last.hash);
  }
  return { statement: chainStatements(dialect).insertEntries(head.sequence, entries, hashes), head: last };
}

function chainOutdated(): Failure {
  const message =
    'older events are not part of the chain yet: open the database with the option migrations set to apply or verify';
  return new Failure('SCHEMA_OUTDATED', message);
}
