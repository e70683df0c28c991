import type { Transaction } from '../storage/transaction';
import { appendEntries, readHead } from './chain/append-entries';
import { mitigatedEntry, recordedEntry, type ChainLink, type NewEntry } from './chain/hashing';
import { hasPendingEntries, pendingStatements } from './chain/pending-statements';
import { chainStatements } from './chain/statements';
import type { Statement } from '../sql/statement';
import { eventStatements } from './statements';
import type { NewEventRow } from './validation';

/*
 * Operations that record security events. `enteredAt` is the time of recording in milliseconds since 1970.
 *
 * On PostgreSQL, an event is first recorded with a pending entry, so that recording does not have to lock the event
 * chain. The entries of one event stay in order: a transaction can mitigate an event only when it sees the event. Then
 * the pending entry of the event already has a lower id. Concurrent mitigations of one event can get any order, but all
 * readers and the chain use the same order.
 */

/** Maximum number of events in one statement. `chunkLength` is the approximate maximum number of their characters. */
const chunkSize = 500;
const chunkLength = 4_000_000;

/** Records security events and their entries of the event chain. */
export async function recordEvents(tx: Transaction, rows: readonly NewEventRow[], enteredAt: number): Promise<void> {
  const isDeferred = hasPendingEntries(tx.dialect);
  if (isDeferred) tx.requestSequencing();
  let head = isDeferred ? undefined : await readHead(tx, enteredAt);
  let count = 0;
  for (const chunk of chunksOf(rows)) {
    const [statements, last] = recordChunk(tx, chunk, head, enteredAt);
    head = last;
    count += chunk.length;
    // Sends all statements except the last ones now: statements that wait for the commit take memory.
    if (count === rows.length) tx.executeAtCommit(statements);
    else await tx.executeAll(statements);
  }
}

/**
 * Returns the statements that record security events, and the head of the event chain afterwards.
 *
 * @param head - head of the event chain; undefined when the engine has pending entries.
 */
function recordChunk(
  { dialect }: Transaction,
  rows: readonly NewEventRow[],
  head: ChainLink | undefined,
  enteredAt: number,
): readonly [statements: readonly Statement[], head: ChainLink | undefined] {
  const entries = rows.map((row) => recordedEntry(row, enteredAt));
  if (head !== undefined) {
    const appending = appendEntries(dialect, head, entries);
    return [[...eventStatements(dialect).insert(rows), appending.statement], appending.head];
  }
  const pending = pendingStatements(dialect);
  const [[row], [entry]] = [rows, entries];
  if (rows.length === 1 && row !== undefined && entry !== undefined) return [[pending.record(row, entry)], undefined];
  return [[...eventStatements(dialect).insert(rows), pending.insert(entries)], undefined];
}

/** Validated mitigation of a security event. */
export interface Mitigation {
  readonly eventId: string;
  readonly applied: boolean;
  readonly details: string | null;
}

/** Records a mitigation of a security event. Returns false when the event does not exist. */
export async function mitigateEvent(
  tx: Transaction,
  { eventId, applied, details }: Mitigation,
  enteredAt: number,
): Promise<boolean> {
  const found = await tx.query(chainStatements(tx.dialect).selectEvent({ id: eventId }));
  if (found.length === 0) return false;
  await addEntry(tx, mitigatedEntry(eventId, applied, details, enteredAt), enteredAt);
  return true;
}

async function addEntry(tx: Transaction, entry: NewEntry, enteredAt: number): Promise<void> {
  const { dialect } = tx;
  if (hasPendingEntries(dialect)) {
    tx.requestSequencing();
    // The statement tests again whether the event exists, because the event may have been pruned meanwhile.
    tx.executeAtCommit([pendingStatements(dialect).mitigate(entry)]);
  } else {
    tx.executeAtCommit([appendEntries(dialect, await readHead(tx, enteredAt), [entry]).statement]);
  }
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
