import { changeStatements } from '../changes/change-statements';
import type { Dialect } from '../sql/dialect';
import { isTurnOverdue, takeTurn } from './event-loop';
import type { ChangeNote, Statement, StatementResult, Work } from '../sql/statement';

/** What a note of a change leaves. */
const nothing: StatementResult = { rows: [], changes: 0 };

/** Runs a work on a driver that does not wait. Its notes of changes are added to `notes` once it has succeeded. */
export function runWork<T>(work: Work<T>, notes: ChangeNote[], run: (statement: Statement) => StatementResult): T {
  const own: ChangeNote[] = [];
  let step = work.next();
  while (step.done !== true) step = work.next(isNote(step.value) ? take(step.value, own) : run(step.value));
  notes.push(...own);
  return step.value;
}

/** The same, with pauses for all else in the process where it takes long. Nobody else may use the connection meanwhile. */
export async function runWorkInTurns<T>(
  work: Work<T>,
  notes: ChangeNote[],
  run: (statement: Statement) => StatementResult,
): Promise<T> {
  return runWorkAsync(work, notes, async (statement) => {
    if (isTurnOverdue()) await takeTurn();
    return run(statement);
  });
}

/** The same on a driver that waits. */
export async function runWorkAsync<T>(
  work: Work<T>,
  notes: ChangeNote[],
  run: (statement: Statement) => Promise<StatementResult>,
): Promise<T> {
  const own: ChangeNote[] = [];
  let step = work.next();
  while (step.done !== true) step = work.next(isNote(step.value) ? take(step.value, own) : await run(step.value));
  notes.push(...own);
  return step.value;
}

/** The statement that writes the notes down; none where there is nothing to write. */
export function writeNotes(dialect: Dialect, notes: readonly ChangeNote[]): Statement[] {
  return notes.some(({ ids }) => ids.length > 0) ? [changeStatements(dialect).insert(notes)] : [];
}

/** Keeps the notes for the end of the transaction that they are part of. */
export function keepIn(kept: ChangeNote[]): (notes: readonly ChangeNote[]) => Statement[] {
  return (notes) => {
    kept.push(...notes);
    return [];
  };
}

function isNote(step: Statement | ChangeNote): step is ChangeNote {
  return 'entity' in step;
}

function take(note: ChangeNote, notes: ChangeNote[]): StatementResult {
  notes.push(note);
  return nothing;
}
