import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';

/**
 * Minimum number of free file descriptors. Loading a module or starting a thread opens several at once, and other work
 * of the process needs some at the same time.
 */
const needed = 16;

/**
 * Checks that enough file descriptors are free to load modules. Without free descriptors, Node.js would conclude that
 * the package.json of a package does not exist, and would remember this. Then the process could never load that
 * package.
 *
 * @throws EMFILE or ENFILE when too few descriptors are free. Nothing was loaded, so a later attempt can succeed.
 */
export function assertSpareDescriptors(): void {
  const descriptors: number[] = [];
  try {
    while (descriptors.length < needed) descriptors.push(openSync(devNull, 'r'));
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor);
  }
}
