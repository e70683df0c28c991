import type { Dialect } from './dialect';

/**
 * Returns a function that calls `make` once for each dialect, and then always returns the same result. The result is
 * usually SQL, which does not have to be composed again for each call.
 */
export function memoizeByDialect<T>(make: (dialect: Dialect) => T): (dialect: Dialect) => T {
  const made = new WeakMap<Dialect, T>();
  return (dialect) => {
    const known = made.get(dialect);
    if (known !== undefined) return known;
    const fresh = make(dialect);
    made.set(dialect, fresh);
    return fresh;
  };
}
