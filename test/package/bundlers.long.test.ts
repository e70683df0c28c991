import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { describeUnless } from '../support/skip';
import {
  addBinary,
  installWithNpm,
  packPackage,
  remove,
  run,
  tarballIn,
  whyNoRegistry,
} from '../support/packed-package';
import { packageRoot } from '../support/prisma-cli';
import { createApplication, programOutput } from './application';

jest.setTimeout(300_000);

/** An ES module has no `require`, which the package and its dependencies need after bundling. */
const banner = {
  js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
};

const traceFiles = `
  const { nodeFileTrace } = require('@vercel/nft');
  const { cpSync } = require('node:fs');
  const [base, entry, target] = process.argv.slice(2);
  nodeFileTrace([base + '/' + entry], { base }).then(({ fileList }) => {
    for (const file of fileList) cpSync(base + '/' + file, target + '/' + file);
  });
`;

describeUnless(whyNoRegistry(), 'the installed package', () => {
  let [directory, application, tools] = ['', '', ''];
  const node = (...args: readonly string[]) => run(process.execPath, args, { cwd: application });

  beforeAll(() => {
    directory = packPackage();
    application = createApplication(directory, 'application');
    installWithNpm(application, tarballIn(directory));
    addBinary(join(application, 'node_modules/better-sqlite3'));
    tools = join(directory, 'tools');
    installWithNpm(tools, 'vitest@4', '@vercel/nft@1');
  });
  afterAll(() => remove(directory));

  /** Bundles the application into a folder that has better-sqlite3 and unrelated migrations. Returns its output. */
  async function bundle(entry: string, options: BuildOptions): Promise<string> {
    const outfile = join(directory, `bundle-${options.format}-${options.minify}`, basename(entry));
    const shared: BuildOptions = { bundle: true, platform: 'node', external: ['better-sqlite3'], logLevel: 'silent' };
    const { warnings } = await build({ ...shared, ...options, entryPoints: [join(application, entry)], outfile });
    expect(warnings.map(({ text }) => text)).toEqual([]);
    for (const part of ['prisma', ...['better-sqlite3', 'bindings', 'file-uri-to-path'].map(modulePath)]) {
      cpSync(join(application, part), join(outfile, '..', part), { recursive: true });
    }
    return run(process.execPath, [basename(outfile)], { cwd: join(outfile, '..') });
  }

  function modulePath(name: string): string {
    return join('node_modules', name);
  }

  test('the packed package runs in Node.js by require and by import, beside migrations of the application', () => {
    expect(node('main.cjs')).toBe(programOutput);
    expect(node('main.mjs')).toBe(programOutput);
  });

  test('the packed package has no npm install script, and no import() in its CommonJS code', () => {
    const manifest = join(application, 'node_modules/ans-database/package.json');
    const { scripts } = JSON.parse(readFileSync(manifest, 'utf8')) as { scripts: Record<string, string> };
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare']) {
      expect(scripts).not.toHaveProperty(name);
    }
    const dist = join(application, 'node_modules/ans-database/dist');
    const code = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'));
    expect(code.filter((name) => /\bimport\(/.test(readFileSync(join(dist, name), 'utf8')))).toEqual([]);
  });

  test('the packed package runs in Jest with the default settings', () => {
    const text = `const { run } = require('./run.cjs');
      test('runs', async () => expect(await run('in-jest')).toBe(${JSON.stringify(programOutput)}), 60_000);`;
    writeFileSync(join(application, 'jest.test.js'), text);
    mkdirSync(join(application, 'in-jest'));
    node(join(packageRoot, 'node_modules/jest/bin/jest.js'), 'jest.test.js');
    expect(existsSync(join(application, 'in-jest/backup.sqlite'))).toBe(true);
  });

  test('the packed package runs in Vitest with the default settings', () => {
    const text = `import { run } from './run.mjs';
      test('runs', async () => expect(await run('in-vitest')).toBe(${JSON.stringify(programOutput)}), 60_000);`;
    writeFileSync(join(application, 'vitest.test.mjs'), text);
    mkdirSync(join(application, 'in-vitest'));
    node(join(tools, 'node_modules/vitest/vitest.mjs'), 'run', '--globals', 'vitest.test.mjs');
    expect(existsSync(join(application, 'in-vitest/backup.sqlite'))).toBe(true);
  });

  test('the packed package runs when esbuild bundles it to CommonJS, with and without minifying', async () => {
    expect(await bundle('main.cjs', { format: 'cjs' })).toBe(programOutput);
    expect(await bundle('main.cjs', { format: 'cjs', minify: true })).toBe(programOutput);
  });

  test('the packed package runs when esbuild bundles it to an ES module that defines require', async () => {
    expect(await bundle('main.mjs', { format: 'esm', banner })).toBe(programOutput);
  });

  test.each(['main.cjs', 'main.mjs'])(
    'the packed package runs from the files that @vercel/nft traces for %s',
    (entry) => {
      const target = join(directory, `traced-${entry}`);
      writeFileSync(join(tools, 'trace.cjs'), traceFiles);
      run(process.execPath, ['trace.cjs', application, entry, target], { cwd: tools });
      cpSync(join(application, 'prisma'), join(target, 'prisma'), { recursive: true });
      expect(run(process.execPath, [entry], { cwd: target })).toBe(programOutput);
    },
  );
});
