import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';

/** What loading modules or starting a thread holds open at once, and some for what else the process does meanwhile. */
const needed = 16;

/**
 * Makes sure that modules can be loaded. Node.js takes a package.json that it cannot open for one that does not exist, and
 * remembers that: a package whose first loading fails so cannot be found for the life of the process.
 *
 * @throws EMFILE or ENFILE; nothing was loaded, and the next attempt may succeed.
 */
export function assertSpareDescriptors(): void {
  const descriptors: number[] = [];
  try {
    while (descriptors.length < needed) descriptors.push(openSync(devNull, 'r'));
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor);
  }
}
