import type { Dialect } from './dialect';

/** What `make` makes for a dialect, made once: the texts of statements are composed for an engine, not for a call. */
export function perEngine<T>(make: (dialect: Dialect) => T): (dialect: Dialect) => T {
  const made = new WeakMap<Dialect, T>();
  return (dialect) => {
    const known = made.get(dialect);
    if (known !== undefined) return known;
    const fresh = make(dialect);
    made.set(dialect, fresh);
    return fresh;
  };
}
