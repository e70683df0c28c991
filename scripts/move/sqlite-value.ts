import { maxTimeMs, minTimeMs } from '../../src/sql/time-range';
import type { Column, Value } from './table';

/** Reason why a value of SQLite, which keeps any type in any column, cannot be moved. Does not contain the value. */
export class UnmovableError extends Error {
  override readonly name = 'UnmovableError';
}

/** @throws UnmovableError where the column of PostgreSQL would not take it, or would keep something else. */
export function fromSqlite(value: unknown, column: Column): Value {
  if (value === null) return null;
  switch (column.kind) {
    case 'text':
      return checkText(value, column);
    case 'integer':
      if (Number.isSafeInteger(value)) return Number(value);
      throw new UnmovableError(`${column.name} holds no whole number within 2^53`);
    case 'boolean':
      if (value === 0 || value === 1) return value === 1;
      throw new UnmovableError(`${column.name} holds neither 0 nor 1`);
    case 'time':
      if (Number.isInteger(value) && Number(value) >= minTimeMs && Number(value) <= maxTimeMs) return Number(value);
      throw new UnmovableError(`${column.name} is not a time from year 1 to year 9999`);
  }
}

function checkText(value: unknown, { name, labels }: Column): string {
  if (typeof value !== 'string') throw new UnmovableError(`${name} holds no text`);
  if (value.includes('\0')) throw new UnmovableError(`${name} holds a NUL, which PostgreSQL cannot keep`);
  if (labels?.includes(value) === false) throw new UnmovableError(`${name} holds none of ${labels.join(', ')}`);
  return value;
}
