import { inspect } from 'node:util';

/** Returns all text that an application can print of a value, including hidden properties. */
export function inspected(value: unknown): string {
  return [false, true].map((showHidden) => inspect(value, { depth: 10, showHidden })).join('\n');
}
