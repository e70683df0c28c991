// Compiles the package to CommonJS, and writes an ES module that imports the CommonJS code. Therefore a process that
// both imports and requires the package loads it only once. With `--if-outdated`, does nothing unless a source is newer
// than the output.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
const root = join(import.meta.dirname, '..');
const output = join(root, 'dist');
// The last file that a build writes. It is missing after a build that was interrupted.
const last = join(output, 'cli/studio.config.mjs');

if (process.argv.includes('--if-outdated') && isUpToDate()) process.exit();

rmSync(output, { recursive: true, force: true });
execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});

// Omits source maps of generated code: nobody debugs this code, and the maps would double the size of the package.
for (const folder of ['generated', 'migrations/embedded']) {
  for (const name of readdirSync(join(output, folder), { recursive: true })) {
    const file = join(output, folder, name);
    if (file.endsWith('.map')) rmSync(file);
    else if (file.endsWith('.js'))
      writeFileSync(file, readFileSync(file, 'utf8').replace(/\/\/# sourceMappingURL=.*/, ''));
  }
}

for (const entry of ['.', 'errors', 'formats', 'opentelemetry', 'prisma', 'prisma-config', 'testing', 'x509']) {
  const folder = join(output, entry);
  const names = Object.keys(require(join(folder, 'index.js'))).sort();
  writeFileSync(
    join(folder, 'index.mjs'),
    `import entry from './index.js';\nexport const { ${names.join(', ')} } = entry;\n`,
  );
  writeFileSync(join(folder, 'index.d.mts'), "export * from './index.js';\n");
}

// Copies the .mjs file, because TypeScript does not. The command is made executable here for use in a checkout: npm
// does this only when it installs the package.
copyFileSync(join(root, 'src/cli/studio.config.mjs'), last);
chmodSync(join(output, 'cli/main.js'), 0o755);

function isUpToDate() {
  if (!existsSync(last)) return false;
  const built = statSync(last).mtimeMs;
  const sources = ['src', ...readdirSync(join(root, 'src'), { recursive: true }).map((path) => join('src', path))];
  const settings = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json', 'scripts/build.mjs'];
  return [...sources, ...settings].every((path) => statSync(join(root, path)).mtimeMs < built);
}
