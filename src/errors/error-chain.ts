import { driverErrorOf } from './driver-error';
import { propertiesOf } from './properties';

const maxDepth = 8;

/**
 * Returns the first defined result of `find` for an error and its chain of causes; undefined when there is none. Several
 * errors may wrap the driver's error, for example those of Prisma Client and of its adapter. An error of the application
 * whose getters throw counts as unknown.
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
    // A getter or a proxy of the application threw.
  }
  return undefined;
}

function nextLink(error: object): unknown {
  // The cause of an error of this package is redacted.
  const original = driverErrorOf(error);
  if (original !== undefined) return original;
  const { cause, meta } = propertiesOf(error);
  if (cause !== undefined) return cause;
  if (typeof meta !== 'object' || meta === null) return undefined;
  return propertiesOf(meta)['driverAdapterError'];
}
