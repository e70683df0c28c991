import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { threeLines } from '../cli/sample-application';
import { codeBlocksOf } from '../support/documentation-pages';
import { findNode } from '../support/find-node';
import { installWithNpm, packPackage, remove, run, tarballIn, whyNoRegistry } from '../support/packed-package';
import { packageRoot } from '../support/prisma-cli';
import { describeUnless } from '../support/skip';

jest.setTimeout(300_000);

/** First words of the commands of a package manager. */
interface PackageManager {
  readonly add: string;
  /** Runs the command of an installed package. */
  readonly exec: string;
  readonly node: string;
}

const managers: Readonly<Record<string, PackageManager>> = {
  // Without its script, better-sqlite3 has no binary, as on a machine without a compiler.
  npm: { add: 'npm install --ignore-scripts --prefer-offline --no-audit --no-fund', exec: 'npx', node: 'node' },
  pnpm: { add: 'pnpm add', exec: 'pnpm exec', node: 'node' },
  'Yarn 4': { add: 'yarn add', exec: 'yarn', node: 'yarn node' },
};

const quickStart = codeBlocksOf('README.md').find(({ language }) => language === 'js')?.code ?? '';

/**
 * Returns a program that runs the schema engine of this repository, on the Node.js of this process. Prisma's own engine
 * is not on the registry of npm.
 */
function createSchemaEngine(directory: string): string {
  const path = join(directory, 'schema-engine.sh');
  const command = `"${process.execPath}" "${join(packageRoot, 'scripts/schema-engine.mjs')}" "$@"`;
  writeFileSync(path, `#!/bin/sh\nunset NODE_OPTIONS\nexec ${command}\n`);
  chmodSync(path, 0o755);
  return path;
}

describeUnless(whyNoRegistry(), 'on Node.js 24, the package manager', () => {
  let [directory, path, schemaEngine] = ['', '', ''];

  beforeAll(() => {
    directory = packPackage();
    const tools = join(directory, 'tools');
    installWithNpm(tools, 'pnpm@12', '@yarnpkg/cli-dist@4');
    const node = findNode('24') ?? '';
    path = [dirname(node), join(tools, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter);
    schemaEngine = createSchemaEngine(directory);
  });
  afterAll(() => remove(directory));

  test.each(Object.entries(managers))(
    'after %s installs the package, its quick start, command line and Prisma configuration work without the binary',
    (name, { add, exec, node }) => {
      const project = join(directory, name.replace(' ', ''));
      mkdirSync(project);
      writeFileSync(join(project, 'package.json'), '{ "name": "application", "private": true }');
      // Without a lockfile of its own, Yarn takes a project in a folder above for this one.
      if (name === 'Yarn 4') writeFileSync(join(project, 'yarn.lock'), '');
      writeFileSync(join(project, 'quickstart.mjs'), quickStart);
      writeFileSync(join(project, 'prisma.config.ts'), threeLines);
      const env = {
        PATH: path,
        DATABASE_URL: 'file:./ans_database.sqlite',
        PRISMA_SCHEMA_ENGINE_BINARY: schemaEngine,
        YARN_ENABLE_TELEMETRY: '0',
      };
      const shell = (command: string) => run('sh', ['-c', `${command} 2>&1`], { cwd: project, env });
      // pnpm reports the script that it did not run as an error, after it has installed everything.
      shell(`${add} ans-database@file:${tarballIn(directory)} prisma@7 || true`);

      expect(shell(`${node} --version`)).toMatch(/^v24\./);
      expect(shell(`${node} quickstart.mjs`)).toBe('1.4.0 https://translator.example\n');
      expect(shell(`${exec} ans-database check`)).toBe('No damage found.\n');
      expect(shell(`${exec} ans-database studio --help`)).toContain('Opens the database in Prisma Studio');
      expect(shell(`${exec} prisma migrate status`)).toContain('Database schema is up to date!');
    },
  );
});
