import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';

/**
 * Number of descriptors that loading modules or starting a thread opens at once, plus a reserve for other work of the
 * process.
 */
const needed = 16;

/**
 * Checks that enough descriptors are free to load modules. When Node.js cannot open a package.json, it concludes that
 * the file does not exist, and remembers this. So if the first attempt to load a package failed, the process could
 * never load the package.
 *
 * @throws EMFILE or ENFILE when too few descriptors are free. Nothing was loaded, and the next attempt can succeed.
 */
export function assertSpareDescriptors(): void {
  const descriptors: number[] = [];
  try {
    while (descriptors.length < needed) descriptors.push(openSync(devNull, 'r'));
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor);
  }
}
