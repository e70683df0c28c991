import { pause, type Reading } from '../events/chain/reading';
import type { Row, Statement } from '../sql/statement';
import { shouldYield, yieldToEventLoop } from './event-loop';

/** Runs the queries of `reading`, and returns its result. */
export async function runReading<T>(
  query: (statement: Statement) => Promise<readonly Row[]>,
  reading: Reading<T>,
): Promise<T> {
  let step = reading.next();
  while (step.done !== true) {
    if (step.value === pause) {
      if (shouldYield()) await yieldToEventLoop();
      step = reading.next([]);
      continue;
    }
    let rows: readonly Row[];
    try {
      rows = await query(step.value);
    } catch (error) {
      // The generator may handle the error.
      step = reading.throw(error);
      continue;
    }
    step = reading.next(rows);
  }
  return step.value;
}
