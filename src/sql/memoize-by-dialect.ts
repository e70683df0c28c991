import type { Dialect } from './dialect';

/** Memoizes `make` by dialect, so that SQL texts are composed once for an engine and not for each call. */
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
