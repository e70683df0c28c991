// Stores the numbers of attempts in a map. The error itself may be an object of the application, which this package
// must not change.
const counts = new WeakMap<object, number>();

/** Records the number of attempts that were made before `error` was thrown. */
export function recordAttempts(error: unknown, attempts: number): void {
  if (typeof error === 'object' && error !== null) counts.set(error, attempts);
}

/** Returns the number of attempts that were made before `error` was thrown; 1 when none was recorded. */
export function attemptsOf(error: unknown): number {
  return (typeof error === 'object' && error !== null ? counts.get(error) : undefined) ?? 1;
}
