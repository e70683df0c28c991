import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { ScriptError } from '../console/run-script';

/** The part of a built package that the benchmark uses. */
export type Build = Pick<typeof import('../../src'), 'DatabaseService'>;

/** Path of this package, which `npm run bench` builds first. */
export const ownPackage = join(__dirname, '../..');

const require = createRequire(__filename);

/**
 * Returns the entry file of a built package, which may be a folder with a package.json or the file itself.
 *
 * @throws ScriptError when there is none.
 */
export function resolveBuild(path: string): string {
  try {
    return require.resolve(resolve(path));
  } catch {
    throw new ScriptError(`${path} is not a built package: its package.json must name a "main" file that exists`);
  }
}

/** Loads a build into this process. */
export function loadBuild(entry: string): Build {
  // Every build has the public API that the benchmark uses.
  return require(entry) as Build;
}
