/** Map of the original errors. It is hidden in closures, because `util.inspect` can print the entries of a WeakMap. */
interface OriginalErrors {
  readonly get: (error: object) => unknown;
  readonly set: (error: object, original: unknown) => void;
}

// Every copy of the package in a realm has the same registered symbol.
const key = Symbol.for('ans-database.originalErrors');

/**
 * Returns the error that caused a `DatabaseError`: what the SQLite or PostgreSQL driver, Prisma, the system or a
 * callback of the application threw. Returns undefined when no other error caused it, and for anything that is not a
 * `DatabaseError`.
 *
 * The original error may contain stored values, SQL, paths and the name of the server. Do not log it, print it or send
 * it to a client; `error.cause` has its kind and code.
 *
 * Works across copies of the package in one realm (one global object). A structured clone of an error has no original
 * error.
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

/** Stores the original error of `error`; only {@link driverErrorOf} returns it. */
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
