// Stored beside the errors: they belong to the driver, so this package does not change them.
const counts = new WeakMap<object, number>();

/** Notes after how many attempts `error` was let through. */
export function noteAttempts(error: unknown, attempts: number): void {
  if (typeof error === 'object' && error !== null) counts.set(error, attempts);
}

/** Returns the number of attempts that were made before `error` was thrown. */
export function attemptsOf(error: unknown): number {
  return (typeof error === 'object' && error !== null ? counts.get(error) : undefined) ?? 1;
}
