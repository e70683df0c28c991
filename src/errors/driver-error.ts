/**
 * Store of the original errors of `DatabaseError` objects. The map itself is a local variable: `util.inspect` would
 * print the entries of a map in a property.
 */
interface OriginalErrors {
  readonly get: (error: object) => unknown;
  readonly set: (error: object, original: unknown) => void;
}

// Key under which all copies of this package share one map. `Symbol.for` returns the same symbol to every copy.
const key = Symbol.for('ans-database.originalErrors');

/**
 * Returns the error that caused a `DatabaseError`: what the SQLite or PostgreSQL driver, Prisma, the system or a
 * callback of the application threw. Returns undefined when no other error caused it, and for any other value.
 *
 * The original error may contain stored values, SQL, paths and the name of the server. Do not log it, print it or send
 * it to a client; `error.cause` has its class and code.
 *
 * Works for errors of every copy of the package that this process has loaded. A copy that `structuredClone` has made
 * has no original error.
 *
 * @example
 * ```ts
 * const original = driverErrorOf(error);
 * if (original instanceof Error) reportToOperators(original.message);
 * ```
 */
export function driverErrorOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null ? originalErrors().get(error) : undefined;
}

/** Stores the original error of the `DatabaseError` `error`. Only {@link driverErrorOf} can read it. */
export function rememberDriverError(error: object, original: unknown): void {
  originalErrors().set(error, original);
}

function originalErrors(): OriginalErrors {
  const existing = Reflect.get(globalThis, key) as OriginalErrors | undefined;
  if (existing !== undefined) return existing;
  const originals = new WeakMap<object, unknown>();
  const created: OriginalErrors = Object.freeze({
    get: (error: object) => originals.get(error),
    set: (error: object, original: unknown) => void originals.set(error, original),
  });
  Object.defineProperty(globalThis, key, { value: created });
  return created;
}
