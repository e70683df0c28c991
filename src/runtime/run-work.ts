import { changeStatements } from '../changes/statements';
import type { Dialect } from '../sql/dialect';
import { shouldYield, yieldToEventLoop } from './event-loop';
import type { ChangeEntry, Statement, StatementResult, Step, Work } from '../sql/statement';

/** Result of a step that is not a statement. */
const nothing: StatementResult = { rows: [], changes: 0 };

/** Runs the steps of a work on an asynchronous driver. */
export interface AsyncRunner {
  readonly run: (statement: Statement) => Promise<StatementResult>;
  /** Runs statements one after the other; of those that change something, none has an effect after one that failed. */
  readonly runAll: (statements: readonly Statement[], isLooking: boolean) => Promise<readonly StatementResult[]>;
}

/** Remaining steps at the end of a work, in this order. */
export interface Ending<T> {
  readonly result: T;
  readonly last: readonly Statement[];
  readonly notes: readonly ChangeEntry[];
}

/** Runs a work on a driver that does not wait. Its notes of changes are added to `notes` once it has succeeded. */
export function runWork<T>(work: Work<T>, notes: ChangeEntry[], run: (statement: Statement) => StatementResult): T {
  const remainder = new Remainder();
  let step = work.next();
  while (step.done !== true) step = work.next(runStep(step.value, remainder, run));
  for (const statement of remainder.last) run(statement);
  notes.push(...remainder.notes);
  return step.value;
}

/**
 * Does the same, with pauses for other work of the process when it takes long. No other call may use the connection
 * meanwhile.
 */
export async function runWorkInTurns<T>(
  work: Work<T>,
  notes: ChangeEntry[],
  run: (statement: Statement) => StatementResult,
): Promise<T> {
  const remainder = new Remainder();
  let step = work.next();
  while (step.done !== true) {
    if (shouldYield()) await yieldToEventLoop();
    if ('results' in step.value) {
      const { statements, results } = step.value;
      await runInTurns(statements, (statement) => {
        const result = run(statement);
        results.push(result);
        return result;
      });
      step = work.next(nothing);
    } else step = work.next(runStep(step.value, remainder, run));
  }
  await runInTurns(remainder.last, run);
  notes.push(...remainder.notes);
  return step.value;
}

/** The same on a driver that waits. */
export async function runWorkAsync<T>(work: Work<T>, notes: ChangeEntry[], runner: AsyncRunner): Promise<T> {
  const ending = await runToEnd(work, runner);
  if (ending.last.length > 0) await runner.runAll(ending.last, false);
  notes.push(...ending.notes);
  return ending.result;
}

/** The same, but for what the work leaves to its end. */
export async function runToEnd<T>(work: Work<T>, { run, runAll }: AsyncRunner): Promise<Ending<T>> {
  const remainder = new Remainder();
  let step = work.next();
  while (step.done !== true) {
    const { value } = step;
    let result = nothing;
    if ('sql' in value) result = await run(value);
    else if ('results' in value) value.results.push(...(await runAll(value.statements, value.isLooking)));
    else remainder.add(value);
    step = work.next(result);
  }
  return { result: step.value, last: remainder.last, notes: remainder.notes };
}

/** Returns the statements that write the change entries; an empty array when there are none. */
export function insertChangeEntries(dialect: Dialect, notes: readonly ChangeEntry[]): Statement[] {
  return notes.some(({ ids }) => ids.length > 0) ? changeStatements(dialect).insert(notes) : [];
}

/** Runs statements on a synchronous driver. Pauses for other work of the process when they take long. */
export async function runInTurns(
  statements: readonly Statement[],
  run: (statement: Statement) => StatementResult,
): Promise<void> {
  for (const statement of statements) {
    if (shouldYield()) await yieldToEventLoop();
    run(statement);
  }
}

/** Keeps the notes for the end of the transaction that they are part of. */
export function keepIn(kept: ChangeEntry[]): (notes: readonly ChangeEntry[]) => Statement[] {
  return (notes) => {
    kept.push(...notes);
    return [];
  };
}

/** Collects what a work leaves to its end. */
class Remainder {
  readonly last: Statement[] = [];
  readonly notes: ChangeEntry[] = [];

  add(step: Exclude<Step, Statement>): void {
    if ('last' in step) this.last.push(...step.last);
    else if ('entity' in step) this.notes.push(step);
  }
}

function runStep(step: Step, remainder: Remainder, run: (statement: Statement) => StatementResult): StatementResult {
  if ('sql' in step) return run(step);
  if ('results' in step) for (const statement of step.statements) step.results.push(run(statement));
  else remainder.add(step);
  return nothing;
}
