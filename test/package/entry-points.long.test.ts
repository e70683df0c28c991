import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packPackage, remove, tarballIn } from '../support/packed-package';
import { packageRoot as root } from '../support/prisma-cli';
import { temporaryDirectory } from '../support/test-database';

const packageJson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: object;
  optionalDependencies: object;
};

interface Bin {
  readonly bin: object;
}

/** Creates a project with the packed package installed; its dependencies are those of this checkout. */
function projectWithPackage(): string {
  const project = packPackage();
  const modules = join(project, 'node_modules');
  mkdirSync(modules);
  writeFileSync(join(project, 'package.json'), '{}');
  execFileSync('tar', ['-xzf', tarballIn(project), '-C', modules]);
  execFileSync('mv', [join(modules, 'package'), join(modules, 'ans-database')]);
  const dependencies = Object.keys({ ...packageJson.dependencies, ...packageJson.optionalDependencies });
  for (const name of [...dependencies, '@types/node', 'undici-types', '@opentelemetry/api']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  return project;
}

function run(project: string, file: string, text: string): string {
  writeFileSync(join(project, file), text);
  return execFileSync(process.execPath, [file], { cwd: project, encoding: 'utf8' });
}

const useOfThePackage = `
  const db = new DatabaseService({ url: 'file:./used.sqlite' });
  await db.initialize();
  console.log(await db.getAgent('absent'), await db.migrateDatabase());
  await db.close();`;

describe('the packed package', () => {
  let project = '';
  beforeAll(() => (project = projectWithPackage()));
  afterAll(() => remove(project));

  test('the packed package works with require and with import, and both load the same classes', () => {
    const required = `const { DatabaseService } = require('ans-database');\n(async () => {${useOfThePackage}\n})();`;
    expect(run(project, 'required.cjs', required)).toBe('null []\n');
    const imported = `import { DatabaseService } from 'ans-database';\n${useOfThePackage}`;
    expect(run(project, 'imported.mjs', imported)).toBe('null []\n');
    const compared = `import { createRequire } from 'node:module';\nimport { DatabaseService } from 'ans-database';
      console.log(createRequire(import.meta.url)('ans-database').DatabaseService === DatabaseService);`;
    expect(run(project, 'compared.mjs', compared)).toBe('true\n');
  });

  test('require and import load the same functions from the additional entry points of the package', () => {
    const entries: Readonly<Record<string, string>> = {
      errors: 'httpStatusOf,toProblemDetails',
      formats: 'fromA2aCard,fromMcpServer',
      opentelemetry: 'instrument',
      testing: 'createTestDatabase,fakeClock,registerTestAgent,testAgent,testCertificate,testEvent',
      x509: 'certificateFromPem',
    };
    for (const [entry, names] of Object.entries(entries)) {
      const program = `import { createRequire } from 'node:module';\nimport * as imported from 'ans-database/${entry}';
        const required = createRequire(import.meta.url)('ans-database/${entry}');
        const isSame = Object.entries(imported).every(([name, value]) => required[name] === value);
        console.log(Object.keys(imported).sort().join(), Object.keys(required).sort().join(), isSame);`;
      expect(run(project, 'entry.mjs', program)).toBe(`${names} ${names} true\n`);
    }
  });

  function programOf(page: string): string {
    const [, program = ''] = /```js\n(.*?)```/s.exec(readFileSync(join(root, page), 'utf8')) ?? [];
    return program;
  }

  test('the quick start of the README and the program of docs/getting-started.md run with the packed package', () => {
    const found = '1.4.0 https://translator.example\n';
    expect(run(project, 'quickstart.mjs', programOf('README.md'))).toBe(found);
    rmSync(join(project, 'ans_database.sqlite'));
    const registry = programOf('docs/getting-started.md');
    expect(run(project, 'registry.mjs', registry)).toMatch(/^registered [\w-]{36}\n/);
    expect(run(project, 'registry.mjs', registry)).toBe(`already registered\nTranslator ${found}sqlite up\n`);
  });

  test('the packed package contains only dist, prisma, package.json, README, CHANGELOG and LICENSE', () => {
    const names = readdirSync(join(project, 'node_modules/ans-database')).sort();
    expect(names).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json', 'prisma']);
  });

  test('the command line works without the package prisma, and its command studio explains how to install prisma', () => {
    const ansDatabase = (...args: readonly string[]) =>
      spawnSync(process.execPath, ['node_modules/ans-database/dist/cli/main.js', ...args], {
        cwd: project,
        env: {
          PATH: process.env['PATH'],
          DATABASE_URL: 'file:./commands.sqlite',
          npm_config_user_agent: 'pnpm/10.0.0',
        },
        encoding: 'utf8',
      });
    expect(ansDatabase('migrate', 'deploy', '--json').stdout).toMatch(/_ans_directory"/);
    for (const command of [['migrate', 'status'], ['check'], ['health'], ['events', 'verify'], ['backup', 'b.db']]) {
      expect(ansDatabase(...command)).toMatchObject({ status: 0, stderr: '' });
    }
    expect(ansDatabase('init', '--prisma').stdout).toMatch(/^copied \d+_ans_initial\n[^]*'agents',/);
    const installation = 'ans-database: Prisma Studio needs the package prisma: run "pnpm add -D prisma@7"\n';
    expect(ansDatabase('studio')).toMatchObject({ status: 1, stdout: '', stderr: installation });
    const { bin } = JSON.parse(readFileSync(join(project, 'node_modules/ans-database/package.json'), 'utf8')) as Bin;
    expect(bin).toEqual({ 'ans-database': 'dist/cli/main.js' });
  });

  test('require and import both load the settings and schemas for prisma.config.ts from the packed package', () => {
    const printed = `const { prismaConfig } = require('ans-database/prisma-config');
      const { schema } = prismaConfig({ url: 'postgresql://localhost/ans' });
      console.log(schema === require.resolve('ans-database/postgresql/schema.prisma'),
        prismaConfig().schema === require.resolve('ans-database/schema.prisma'));`;
    expect(run(project, 'config.cjs', printed)).toBe('true true\n');
    const imported = `import { externalTables, prismaConfig } from 'ans-database/prisma-config';
      const names = [...externalTables(), prismaConfig({ url: process.env['DATABASE_URL'] }).migrations.path];
      console.log(names.includes('agents'));\n`;
    expect(run(project, 'config.mjs', imported)).toBe('true\n');
  });

  test('the packed package exports exactly the documented names', () => {
    const entry = jest.requireActual<object>('../../src');
    const names = `AgentStatus CertificateStatus ChangeKind CheckName DatabaseError DatabaseService
      DatabaseServiceFactory EventChainBreakReason HealthStatus RevocationReason ScopeAccess SecurityEventType
      SecuritySeverity TransactionIsolation Uniqueness databaseErrorCodes driverErrorOf formatAgentName isDatabaseError
      isStale parseAgentName`;
    expect(Object.keys(entry).sort()).toEqual(names.split(/\s+/));
  });

  test('importing the packed package creates no file, output or handle', () => {
    const directory = temporaryDirectory();
    const script = `require(${JSON.stringify(join(root, 'dist'))}); console.log(require('fs').readdirSync('.').length)`;
    expect(execFileSync(process.execPath, ['-e', script], { cwd: directory, encoding: 'utf8' })).toBe('0\n');
  });
});
