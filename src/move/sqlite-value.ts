import { maxTimeMs, minTimeMs } from '../sql/time-range';
import type { Column, Value } from './table';

/** Reason why PostgreSQL cannot store a value, such as its type. The message does not contain the value. */
export class UnmovableError extends Error {
  override readonly name = 'UnmovableError';
}

/**
 * Converts a value that SQLite has returned to the form that is the same for SQLite and PostgreSQL.
 *
 * @throws UnmovableError when the column in PostgreSQL cannot store exactly this value.
 */
export function fromSqlite(value: unknown, column: Column): Value {
  if (value === null) return null;
  switch (column.kind) {
    case 'text':
      return checkText(value, column);
    case 'integer':
      if (Number.isSafeInteger(value)) return Number(value);
      throw new UnmovableError(`${column.name} is not an integer from -(2^53 - 1) to 2^53 - 1`);
    case 'boolean':
      if (value === 0 || value === 1) return value === 1;
      throw new UnmovableError(`${column.name} is neither 0 nor 1`);
    case 'time':
      if (Number.isInteger(value) && Number(value) >= minTimeMs && Number(value) <= maxTimeMs) return Number(value);
      throw new UnmovableError(`${column.name} is not a time from year 1 to year 9999`);
  }
}

function checkText(value: unknown, { name, labels }: Column): string {
  if (typeof value !== 'string') throw new UnmovableError(`${name} is not text`);
  if (value.includes('\0')) throw new UnmovableError(`${name} contains a NUL character, which PostgreSQL cannot store`);
  if (labels?.includes(value) === false) throw new UnmovableError(`${name} is not one of ${labels.join(', ')}`);
  return value;
}
