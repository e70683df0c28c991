// A set keeps the errors. They belong to the driver, so this package adds no property to them.
const faults = new WeakSet<object>();

/** Records that a connection has failed with this error. Any error can be recorded, whatever its code. */
export function markConnectionFault(error: unknown): void {
  if (typeof error === 'object' && error !== null) faults.add(error);
}

/** Reports whether a connection has failed with this error. */
export function isMarkedConnectionFault(error: object): boolean {
  return faults.has(error);
}
