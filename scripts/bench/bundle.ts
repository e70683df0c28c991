import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { ownPackage, resolveBuild } from './builds';
import type { ContenderName } from './contender';
import type { EngineName } from './engines/store';

/** Mode of a contender's process: it serves the benchmark, or gives one answer and ends. */
export type Mode = 'serve' | 'answerOnce';

const files: Readonly<Record<Mode, string>> = { serve: './serve', answerOnce: './answer-once' };

/** Returns the statements that define `open` for a contender on an engine. */
function definitionOf(name: ContenderName, engine: EngineName): string {
  if (name !== 'package') return `import { open } from './contenders/${name}/${engine}';`;
  const entry = JSON.stringify(resolveBuild(ownPackage));
  return `import { openBuild } from './contenders/package'; const open = (location) => openBuild(require(${entry}), location);`;
}

/**
 * Compiles the program of a contender's process, so that no contender compiles anything during the benchmark, and all
 * functions are compiled alike. Packages stay where they are installed.
 */
export async function bundleContender(
  name: ContenderName,
  engine: EngineName,
  mode: Mode,
  folder: string,
): Promise<string> {
  const outfile = join(folder, `${name}-${engine}-${mode}.cjs`);
  await esbuild.build({
    stdin: {
      contents: `import { ${mode} } from '${files[mode]}'; ${definitionOf(name, engine)} ${mode}(open);`,
      resolveDir: __dirname,
    },
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

/** Leaves packages out of the program: it loads them from where the importing file finds them. */
const installedPackages: esbuild.Plugin = {
  name: 'installed-packages',
  setup: (build) => {
    build.onResolve({ filter: /^[^.]/ }, ({ path, resolveDir }) => {
      if (path.startsWith('node:')) return { path, external: true };
      return { path: createRequire(join(resolveDir, 'importer.js')).resolve(path), external: true };
    });
  },
};
