import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { ScriptError } from '../console/run-script';

/** The part of a built package that the benchmark uses. */
export type Build = Pick<typeof import('../../src'), 'DatabaseService'>;

/** Folder of this package, which `npm run bench` builds first. */
const ownPackage = join(__dirname, '../..');

const require = createRequire(__filename);

/**
 * Returns the path of the entry file of a built package.
 *
 * @param path - the folder of its package.json, or the file itself; this package by default.
 * @throws ScriptError when there is no such file.
 */
export function resolveBuild(path = ownPackage): string {
  try {
    return require.resolve(resolve(path));
  } catch {
    throw new ScriptError(`${path} is not a built package: the "main" file of its package.json is missing`);
  }
}

/** Loads a build into this process. */
export function loadBuild(entry: string): Build {
  // The cast is safe: every build has the part of the public API that the benchmark uses.
  return require(entry) as Build;
}
