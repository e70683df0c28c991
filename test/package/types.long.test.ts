import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeUnless } from '../support/skip';
import { installWithNpm, packPackage, remove, run, tarballIn, whyNoRegistry } from '../support/packed-package';
import { packageRoot } from '../support/prisma-cli';
import { createApplication } from './application';

jest.setTimeout(300_000);

const sample = `
import { AgentStatus, DatabaseService, type AgentRecord, type DatabaseOptions } from 'ans-database';
import { toProblemDetails, type ProblemDetails } from 'ans-database/errors';
import { fromMcpServer } from 'ans-database/formats';
import { PrismaClient, prismaAdapter, type Agent } from 'ans-database/prisma';
import { externalTables, prismaConfig } from 'ans-database/prisma-config';
import { createTestDatabase } from 'ans-database/testing';
import { certificateFromPem } from 'ans-database/x509';

const options: DatabaseOptions = { url: ':memory:' };
export async function find(db: DatabaseService): Promise<AgentRecord[]> {
  for await (const change of db.followChanges({ pollMs: 0 })) void change;
  return db.queryAgents({ status: [AgentStatus.ACTIVE, 'EXPIRED'], orderBy: 'created_at' });
}
export function list(db: DatabaseService): Promise<Agent[]> {
  return new PrismaClient({ adapter: prismaAdapter(db) }).agent.findMany();
}
export const problem: ProblemDetails = toProblemDetails(new Error('x'));
export const others = [new DatabaseService(options), createTestDatabase(), certificateFromPem, fromMcpServer, externalTables(), prismaConfig()];
`;
const wrong = `import { DatabaseService } from 'ans-database';\nexport const db = new DatabaseService({ url: 1 });\n`;
const withSignal = `import { DatabaseService } from 'ans-database';
import { instrument } from 'ans-database/opentelemetry';
export const changes = (db: DatabaseService) => db.followChanges({ signal: new AbortController().signal });
export const stop = (db: DatabaseService): (() => void) => instrument(db);\n`;

const resolutions = [
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
] as const;

describeUnless(whyNoRegistry(), 'the types of the package', () => {
  let [directory, application, tools] = ['', '', ''];
  beforeAll(() => {
    directory = packPackage();
    application = createApplication(directory, 'application');
    installWithNpm(application, tarballIn(directory));
    cpSync(join(packageRoot, 'node_modules/@opentelemetry/api'), join(application, 'node_modules/@opentelemetry/api'), {
      recursive: true,
    });
    for (const extension of ['ts', 'mts', 'cts']) writeFileSync(join(application, `sample.${extension}`), sample);
    writeFileSync(join(application, 'wrong.ts'), wrong);
    writeFileSync(join(application, 'signal.ts'), withSignal);
    tools = join(directory, 'tools');
    mkdirSync(tools);
    const compilers = ['5.4', '5.9', '6.0'].map((version) => `typescript-${version}@npm:typescript@${version}`);
    installWithNpm(tools, ...compilers, 'publint@0.3', '@arethetypeswrong/cli@0.18');
  });
  afterAll(() => remove(directory));

  /** Returns the errors of a compiler in the strictest settings, without ambient types, except those of `lib`. */
  function compile(
    version: string,
    [module, moduleResolution]: readonly string[],
    files: readonly string[],
    lib: readonly string[],
  ) {
    const strictest = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
    const compilerOptions = {
      ...strictest,
      skipLibCheck: false,
      noEmit: true,
      types: [],
      target: 'es2022',
      lib,
      module,
      moduleResolution,
    };
    writeFileSync(join(application, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
    const compiler = join(tools, 'node_modules', `typescript-${version}`, 'bin/tsc');
    return spawnSync(process.execPath, [compiler], { cwd: application, encoding: 'utf8' }).stdout;
  }

  describe.each(['5.4', '5.9', '6.0'])('in TypeScript %s', (version) => {
    test.each(resolutions)(
      'the types of the package compile with module %s and resolution %s, and without ambient types',
      (...modes) => {
        expect(compile(version, modes, ['sample.ts', 'sample.mts', 'sample.cts'], ['es2022'])).toBe('');
      },
    );

    test('the types of the package accept an AbortSignal and refuse a value of a wrong type', () => {
      const errors = compile(version, ['nodenext', 'nodenext'], ['signal.ts', 'wrong.ts'], ['es2022', 'dom']);
      expect(errors.match(/^\S.*$/gm)).toEqual([
        expect.stringMatching(/^wrong\.ts.*'number' is not assignable to type 'string'/),
      ]);
    });
  });

  test('publint and attw report no problem in the types and exports of the package', () => {
    const manifest = join(application, 'node_modules/ans-database');
    expect(
      run(process.execPath, [join(tools, 'node_modules/publint/src/cli.js'), manifest, '--strict'], { cwd: tools }),
    ).toMatch(/All good!/);
    const attw = join(tools, 'node_modules/@arethetypeswrong/cli/dist/index.js');
    // Reads .attw.json, which omits the Prisma schemas: they are no modules.
    expect(
      execFileSync(process.execPath, [attw, tarballIn(directory)], { cwd: packageRoot, encoding: 'utf8' }),
    ).toMatch(/No problems found/);
  });
});
