import { Failure } from '../errors/failure';
import type { Dialect } from '../sql/dialect';
import { inOrder, type Work } from '../sql/statement';
import { chainStart, linkAfter, type ChainLink, type NewEntry } from './chain';
import { chainStatements } from './chain-statements';

/** Waits until nobody else changes the chain, and lets nobody until the work's transaction has ended. */
export function* takeChainTurn(dialect: Dialect): Work<void> {
  const { takeTurn } = chainStatements(dialect);
  if (takeTurn !== undefined) yield takeTurn;
}

/** The head of the chain, for whoever has the turn; begins the chain where there is none. @throws SCHEMA_OUTDATED where older events are not in it yet. */
export function* readHead(dialect: Dialect, now: number): Work<ChainLink> {
  const statements = chainStatements(dialect);
  const { rows } = yield statements.selectHead;
  // The statement selects exactly these columns.
  const [sequence, hash] = (rows[0] ?? []) as unknown as readonly [sequence?: number, hash?: string];
  if (sequence !== undefined && hash !== undefined && hash !== '') return { sequence, hash };

  const checkpoint = yield statements.hasCheckpoint;
  const isBegun = checkpoint.rows.length > 0;
  if (sequence !== undefined && hash !== undefined) {
    if (!isBegun) throw unsealed();
    // Somebody else has added it. The verification will tell; recording goes on all the same.
    return { sequence, hash };
  }
  if (!isBegun) yield statements.insertCheckpoint({ ...chainStart, count: 0, createdAt: now });
  return chainStart;
}

/** Adds entries after the head; the new head. */
export function* appendEntries(dialect: Dialect, head: ChainLink, entries: readonly NewEntry[]): Work<ChainLink> {
  const hashes: string[] = [];
  let last = head;
  for (const { digest } of entries) {
    last = linkAfter(last, digest);
    hashes.push(last.hash);
  }
  yield* inOrder([chainStatements(dialect).insertEntries(head.sequence, entries, hashes)]);
  return last;
}

function unsealed(): Failure {
  const message = 'older events are not in the chain yet: open the database with migrations: apply or verify';
  return new Failure('SCHEMA_OUTDATED', message);
}
