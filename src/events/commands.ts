import type { Dialect } from '../sql/dialect';
import { inOrder, lastly, type Work } from '../sql/statement';
import { appendEntries, readHead, takeChainTurn, takeHead } from './chain/append-entries';
import { mitigatedEntry, recordedEntry } from './chain/hashing';
import { chainStatements } from './chain/statements';
import { eventStatements } from './statements';
import type { NewEventRow } from './validation';

/** Maximum number of events, and approximate maximum number of their characters, that one statement inserts. */
const chunkSize = 500;
const chunkLength = 4_000_000;

/**
 * Records events, as a part of any work: others who record wait from here on until its transaction has ended, so it is
 * best the last part.
 *
 * @param enteredAt - now, in milliseconds since 1970.
 */
export function* recordEvents(dialect: Dialect, rows: readonly NewEventRow[], enteredAt: number): Work<void> {
  if (rows.length === 0) return;
  let head = yield* takeHead(dialect, enteredAt);
  let count = 0;
  for (const chunk of chunksOf(rows)) {
    const entries = chunk.map((row) => recordedEntry(row, enteredAt));
    const appending = appendEntries(dialect, head, entries);
    const statements = [...eventStatements(dialect).insert(chunk), appending.statement];
    head = appending.head;
    count += chunk.length;
    // Deferred statements take memory until the end.
    yield* count === rows.length ? lastly(statements) : inOrder(statements);
  }
}

/**
 * Records one event without reading anything first; undefined when the engine cannot do that.
 *
 * @throws an error that {@link isWithoutHead} recognises, when the chain has to be read first.
 */
export function recordOne(dialect: Dialect, row: NewEventRow, enteredAt: number): (() => Work<void>) | undefined {
  const { record, takeTurn } = chainStatements(dialect);
  if (record === undefined) return undefined;
  const statement = record(row, recordedEntry(row, enteredAt));
  return () => lastly(takeTurn === undefined ? [statement] : [takeTurn, statement]);
}

/** A mitigation of an event, as it was given. */
export interface Mitigation {
  readonly eventId: string;
  readonly applied: boolean;
  readonly details: string | null;
}

/** Adds a mitigation; whether there is such an event. */
export function* mitigateEvent(
  dialect: Dialect,
  { eventId, applied, details }: Mitigation,
  enteredAt: number,
): Work<boolean> {
  yield* takeChainTurn(dialect);
  const { rows } = yield chainStatements(dialect).selectEvent({ id: eventId });
  if (rows.length === 0) return false;
  const head = yield* readHead(dialect, enteredAt);
  const entry = mitigatedEntry(eventId, applied, details, enteredAt);
  yield* lastly([appendEntries(dialect, head, [entry]).statement]);
  return true;
}

function* chunksOf(rows: readonly NewEventRow[]): Generator<readonly NewEventRow[], void, void> {
  for (let start = 0, end = 0; start < rows.length; start = end) {
    for (let length = 0; end < rows.length && end - start < chunkSize && length < chunkLength; end += 1) {
      length += lengthOf(rows[end]);
    }
    yield rows.slice(start, end);
  }
}

function lengthOf(row: NewEventRow | undefined): number {
  const length = row?.columns.description.length ?? 0;
  return row?.metadata.reduce((sum, [key, value]) => sum + key.length + value.length, length) ?? 0;
}
