// Errors with which connections have failed. A set marks them, because the errors belong to the driver.
const faults = new WeakSet<object>();

/** Records that a connection has failed with this error. The code of the error does not matter. */
export function markConnectionFault(error: unknown): void {
  if (typeof error === 'object' && error !== null) faults.add(error);
}

/** Reports whether a connection has failed with this error. */
export function isMarkedConnectionFault(error: object): boolean {
  return faults.has(error);
}
