import type { Executor } from '../storage/executor';
import type { Transaction } from '../storage/transaction';
import { appendEntries, lockChain, lockHead, readHead } from './chain/append-entries';
import { mitigatedEntry, recordedEntry } from './chain/hashing';
import { chainStatements, isWithoutHead } from './chain/statements';
import { eventStatements } from './statements';
import type { NewEventRow } from './validation';

/*
 * Operations that record events. `enteredAt` is the time of recording in milliseconds since 1970.
 */

/** Maximum number of events, and approximate maximum number of their characters, that one statement inserts. */
const chunkSize = 500;
const chunkLength = 4_000_000;

/**
 * Records one event in a transaction of its own. Where the engine can append to the chain without reading its head, this
 * takes a single round trip.
 */
export async function recordEvent(executor: Executor, row: NewEventRow, enteredAt: number): Promise<void> {
  const { record, lock } = chainStatements(executor.dialect);
  if (record !== undefined) {
    const statements = [...(lock === undefined ? [] : [lock]), record(row, recordedEntry(row, enteredAt))];
    try {
      await executor.withTransaction((tx) => tx.executeAtCommit(statements));
      return;
    } catch (error) {
      // The head has to be read first: it does not exist or has no hash.
      if (!isWithoutHead(error)) throw error;
    }
  }
  await executor.withTransaction((tx) => recordEvents(tx, [row], enteredAt));
}

/** Records events. Blocks other recordings until the end of the transaction, so call it last. */
export async function recordEvents(tx: Transaction, rows: readonly NewEventRow[], enteredAt: number): Promise<void> {
  const { dialect } = tx;
  let head = await lockHead(tx, enteredAt);
  let count = 0;
  for (const chunk of chunksOf(rows)) {
    const entries = chunk.map((row) => recordedEntry(row, enteredAt));
    const appending = appendEntries(dialect, head, entries);
    const statements = [...eventStatements(dialect).insert(chunk), appending.statement];
    head = appending.head;
    count += chunk.length;
    // Sends all but the last statements early, because they take memory until they are sent.
    if (count === rows.length) tx.executeAtCommit(statements);
    else await tx.executeAll(statements);
  }
}

/** Validated mitigation of an event. */
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
