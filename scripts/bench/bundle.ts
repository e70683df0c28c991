import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { isBuild, type ContenderName } from './contender';
import type { RunOptions } from './run';

/**
 * Mode of a contender's process. `serve`: it serves the requests of the benchmark. `answerOnce`: it gives one answer
 * and ends.
 */
export type Mode = 'serve' | 'answerOnce';

const files: Readonly<Record<Mode, string>> = { serve: './serve', answerOnce: './answer-once' };

/**
 * Compiles the program of a contender's process, and returns the path of the program. No contender compiles code during
 * the benchmark, and all programs are compiled in the same way.
 */
export async function bundleContender(
  name: ContenderName,
  mode: Mode,
  { engine, builds, folder }: RunOptions,
): Promise<string> {
  const outfile = join(folder, `${name}-${mode}.cjs`);
  const open = isBuild(name)
    ? `import { openBuild } from './contenders/package';
       const open = (location) => openBuild(require(${JSON.stringify(builds[name])}), location);`
    : `import { open } from './contenders/${name}/${engine}';`;
  await esbuild.build({
    stdin: { contents: `import { ${mode} } from '${files[mode]}'; ${open} ${mode}(open);`, resolveDir: __dirname },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    logLevel: 'silent',
    plugins: [installedPackages],
  });
  return outfile;
}

/** Plugin that does not bundle packages. At runtime, each package is loaded from where the importing file finds it. */
const installedPackages: esbuild.Plugin = {
  name: 'installed-packages',
  setup: (build) => {
    build.onResolve({ filter: /^[^.]/ }, ({ path, resolveDir }) => {
      if (path.startsWith('node:')) return { path, external: true };
      return { path: createRequire(join(resolveDir, 'importer.js')).resolve(path), external: true };
    });
  },
};
