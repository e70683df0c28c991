import { driverErrorOf } from './driver-error';
import { propertiesOf } from './properties';

const maxDepth = 8;

/**
 * Calls `find` for an error, then for its cause, then for the cause of that cause, and so on. Returns the first result
 * that is not undefined. Returns undefined when no call has a result, or when a getter of an error throws. Example of a
 * chain: an error of Prisma Client, an error of Prisma's adapter, and the driver's error.
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
    // A getter or a proxy of the application threw an error while the causes of an error were read.
  }
  return undefined;
}

function nextLink(error: object): unknown {
  // Continues with the original error, because `DatabaseError.cause` has only its class and code.
  const original = driverErrorOf(error);
  if (original !== undefined) return original;
  const { cause, meta } = propertiesOf(error);
  if (cause !== undefined) return cause;
  if (typeof meta !== 'object' || meta === null) return undefined;
  return propertiesOf(meta)['driverAdapterError'];
}
