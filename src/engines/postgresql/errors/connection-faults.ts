// Stored beside the errors: they belong to the driver, so this package does not change them.
const faults = new WeakSet<object>();

/** Records that a connection has failed with this error, whatever the error is. */
export function markConnectionFault(error: unknown): void {
  if (typeof error === 'object' && error !== null) faults.add(error);
}

/** Reports whether a connection has failed with this error. */
export function isMarkedConnectionFault(error: object): boolean {
  return faults.has(error);
}
