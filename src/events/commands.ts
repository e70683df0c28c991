import { Failure } from '../errors/failure';
import type { Dialect } from '../sql/dialect';
import type { Transaction } from '../storage/transaction';
import { appendEntries, lockChain, lockHead, readHead } from './chain/append-entries';
import { mitigatedEntry, recordedEntry } from './chain/hashing';
import { chainStatements } from './chain/statements';
import { eventStatements } from './statements';
import type { NewEventRow } from './validation';

/** Maximum number of events, and approximate maximum number of their characters, that one statement inserts. */
const chunkSize = 500;
const chunkLength = 4_000_000;

/**
 * Records events. Blocks others who record until the end of the transaction, so call it last.
 *
 * @param enteredAt - now, in milliseconds since 1970.
 */
export async function recordEvents(tx: Transaction, rows: readonly NewEventRow[], enteredAt: number): Promise<void> {
  if (rows.length === 0) return;
  const { dialect } = tx;
  let head = await lockHead(tx, enteredAt);
  let count = 0;
  for (const chunk of chunksOf(rows)) {
    const entries = chunk.map((row) => recordedEntry(row, enteredAt));
    const appending = appendEntries(dialect, head, entries);
    const statements = [...eventStatements(dialect).insert(chunk), appending.statement];
    head = appending.head;
    count += chunk.length;
    // Pending statements take memory until they are sent.
    if (count === rows.length) tx.executeAtCommit(statements);
    else await tx.executeAll(statements);
  }
}

/** Reports whether {@link recordWithoutReading} can be used on the engine. */
export function canRecordWithoutReading(dialect: Dialect): boolean {
  return chainStatements(dialect).record !== undefined;
}

/**
 * Records one event without reading the head of the chain first.
 *
 * @throws an error that {@link isWithoutHead} recognises, when the head has to be read first.
 */
export function recordWithoutReading(tx: Transaction, row: NewEventRow, enteredAt: number): void {
  const { record, lock } = chainStatements(tx.dialect);
  if (record === undefined) throw new Failure('INTERNAL', 'the engine cannot record an event without reading');
  tx.executeAtCommit([...(lock === undefined ? [] : [lock]), record(row, recordedEntry(row, enteredAt))]);
}

/** A mitigation of an event, as it was given. */
export interface Mitigation {
  readonly eventId: string;
  readonly applied: boolean;
  readonly details: string | null;
}

/** Adds a mitigation to an event. Returns false when the event does not exist. */
export async function mitigateEvent(
  tx: Transaction,
  { eventId, applied, details }: Mitigation,
  enteredAt: number,
): Promise<boolean> {
  await lockChain(tx);
  const found = await tx.query(chainStatements(tx.dialect).selectEvent({ id: eventId }));
  if (found.length === 0) return false;
  const head = await readHead(tx, enteredAt);
  const entry = mitigatedEntry(eventId, applied, details, enteredAt);
  tx.executeAtCommit([appendEntries(tx.dialect, head, [entry]).statement]);
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
