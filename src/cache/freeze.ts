import { types } from 'node:util';

const { prototype } = Date;

/** Names of the methods that change a `Date`, such as `setTime`. */
const setters = Object.getOwnPropertyNames(prototype).filter((name) => name.startsWith('set'));

/** Date whose time cannot be changed. It is necessary because `Object.freeze` does not protect the time of a Date. */
class FixedDate extends Date {
  static {
    Object.defineProperty(this.prototype, 'constructor', { value: Date });
    for (const name of setters) Object.defineProperty(this.prototype, name, { value: refuse });
  }
}

function refuse(): never {
  throw new TypeError('Cannot change a Date of a cached record');
}

/** Makes a record and all values in it immutable, and returns the record. Call it before other code gets the record. */
export function freeze<T>(record: T): T {
  // Uses a list in place of recursion: metadata may be nested more deeply than the call stack allows.
  const open: unknown[] = [record];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null || Object.isFrozen(value)) continue;
    for (const [key, part] of Object.entries(value)) {
      if (types.isDate(part)) Reflect.set(value, key, Object.freeze(new FixedDate(part)));
      else open.push(part);
    }
    Object.freeze(value);
  }
  return record;
}
