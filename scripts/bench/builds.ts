import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { ScriptError } from '../console/run-script';

/** Part of a built package that the benchmark uses. */
export type Build = Pick<typeof import('../../src'), 'DatabaseService'>;

/** Folder of this package, which `npm run bench` builds first. */
const ownPackage = join(__dirname, '../..');

const require = createRequire(__filename);

/**
 * Returns the path of the entry file of a built package.
 *
 * @param path - folder of the package's package.json, or path of the entry file itself. Default: this package.
 * @throws ScriptError when the entry file does not exist.
 */
export function resolveBuild(path = ownPackage): string {
  try {
    return require.resolve(resolve(path));
  } catch {
    throw new ScriptError(`${path} is not a built package: the "main" file of its package.json is missing`);
  }
}

/** Loads a build of this package into the process of the benchmark. */
export function loadBuild(entry: string): Build {
  // The cast is safe: every build has the part of the public API that the benchmark uses.
  return require(entry) as Build;
}
