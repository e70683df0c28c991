import { Failure } from '../../errors/failure';
import type { Dialect } from '../../sql/dialect';
import { look, type Statement, type Work } from '../../sql/statement';
import { chainStart, linkAfter, type ChainLink, type NewEntry } from './hashing';
import { chainStatements } from './statements';

/** Waits for other changes of the chain, and blocks them until the end of the work's transaction. */
export function* takeChainTurn(dialect: Dialect): Work<void> {
  yield* look(turnOf(dialect));
}

/** Runs {@link takeChainTurn} and then {@link readHead}, when no other step is needed in between. */
export function takeHead(dialect: Dialect, now: number): Work<ChainLink> {
  return readHead(dialect, now, turnOf(dialect));
}

/**
 * Returns the head of the chain after {@link takeChainTurn}; begins the chain when there is none.
 *
 * @param before - work to do first.
 * @throws SCHEMA_OUTDATED when older events are not in the chain yet.
 */
export function* readHead(dialect: Dialect, now: number, before: readonly Statement[] = []): Work<ChainLink> {
  const statements = chainStatements(dialect);
  const rows = (yield* look([...before, statements.selectHead])).at(-1)?.rows ?? [];
  // The statement selects exactly these columns.
  const [sequence, hash] = (rows[0] ?? []) as readonly [sequence?: number, hash?: string];
  if (sequence !== undefined && hash !== undefined && hash !== '') return { sequence, hash };

  const checkpoint = yield statements.hasCheckpoint;
  const isBegun = checkpoint.rows.length > 0;
  if (sequence !== undefined && hash !== undefined) {
    if (!isBegun) throw chainOutdated();
    // Another program has added it. The verification reports that; recording continues.
    return { sequence, hash };
  }
  if (!isBegun) yield statements.insertCheckpoint({ ...chainStart, count: 0, createdAt: now });
  return chainStart;
}

/** Statements that add entries after the head, and the new head of the chain. */
export interface Appending {
  readonly statement: Statement;
  readonly head: ChainLink;
}

export function appendEntries(dialect: Dialect, head: ChainLink, entries: readonly NewEntry[]): Appending {
  const hashes: string[] = [];
  let last = head;
  for (const { digest } of entries) {
    last = linkAfter(last, digest);
    hashes.push(last.hash);
  }
  return { statement: chainStatements(dialect).insertEntries(head.sequence, entries, hashes), head: last };
}

function turnOf(dialect: Dialect): readonly Statement[] {
  const { takeTurn } = chainStatements(dialect);
  return takeTurn === undefined ? [] : [takeTurn];
}

function chainOutdated(): Failure {
  const message = 'older events are not in the chain yet: open the database with migrations: apply or verify';
  return new Failure('SCHEMA_OUTDATED', message);
}
