import { driverErrorOf } from './driver-error';

const maxDepth = 8;

/**
 * Returns the result of `find` for the first error of a chain for which it is defined. The driver's error may be below
 * several wrappers, for example those of Prisma Client and of the driver adapter. The error may also come from the
 * caller and have getters that throw: such an error counts as unknown.
 */
export function findInChain<T>(error: unknown, find: (link: object) => T | undefined): T | undefined {
  let link = error;
  try {
    for (let depth = 0; depth < maxDepth && typeof link === 'object' && link !== null; depth += 1) {
      const found = find(link);
      if (found !== undefined) return found;
      link = nextLink(link);
    }
  } catch {
    // As above.
  }
  return undefined;
}

function nextLink(error: object): unknown {
  // The cause of an error of this package is redacted.
  const original = driverErrorOf(error);
  if (original !== undefined) return original;
  const { cause, meta } = error as Readonly<Record<string, unknown>>;
  if (cause !== undefined) return cause;
  if (typeof meta !== 'object' || meta === null) return undefined;
  return (meta as Readonly<Record<string, unknown>>)['driverAdapterError'];
}
