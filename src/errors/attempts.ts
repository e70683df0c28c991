// Beside the errors, not in them: they are the driver's, and nobody else's to change.
const counts = new WeakMap<object, number>();

/** Notes after how many attempts `error` was let through. */
export function noteAttempts(error: unknown, attempts: number): void {
  if (typeof error === 'object' && error !== null) counts.set(error, attempts);
}

/** Returns the number of attempts that were made before `error` was thrown. */
export function attemptsOf(error: unknown): number {
  return (typeof error === 'object' && error !== null ? counts.get(error) : undefined) ?? 1;
}
