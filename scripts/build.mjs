// Compiles the package to CommonJS and writes an ES module entry that imports the CommonJS code. A process that both
// imports and requires the package therefore loads it once. With `--if-outdated`, it does nothing if no source is newer
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
// A build that was interrupted lacks it.
const last = join(output, 'cli/studio.config.mjs');

if (process.argv.includes('--if-outdated') && isUpToDate()) process.exit();

rmSync(output, { recursive: true, force: true });
execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});

// Nobody debugs generated code, and its source maps would double the size of the package.
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

// TypeScript copies no .mjs files. npm makes the command executable in an installation, and this does it in a checkout.
copyFileSync(join(root, 'src/cli/studio.config.mjs'), last);
chmodSync(join(output, 'cli/main.js'), 0o755);

function isUpToDate() {
  if (!existsSync(last)) return false;
  const built = statSync(last).mtimeMs;
  const sources = ['src', ...readdirSync(join(root, 'src'), { recursive: true }).map((path) => join('src', path))];
  const settings = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json', 'scripts/build.mjs'];
  return [...sources, ...settings].every((path) => statSync(join(root, path)).mtimeMs < built);
}
