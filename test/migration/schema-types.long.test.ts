import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { exited, packageRoot, PrismaProject } from '../support/prisma-cli';

const schema = readFileSync(join(packageRoot, 'prisma/schema.prisma'), 'utf8');
const client = join(packageRoot, 'src/generated/prisma/');
const { options, fileNames } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(join(packageRoot, 'tsconfig.build.json'), (path) => ts.sys.readFile(path)).config,
  ts.sys,
  packageRoot,
);
const disk = ts.createCompilerHost(options);
const unchangedFiles = new Map<string, ts.SourceFile | undefined>();

/** Returns the errors that the compiler finds in the source when the client is generated from the given schema. */
async function errorsWith(changedSchema: string): Promise<string[]> {
  const project = PrismaProject.ofPackage();
  try {
    project.write('prisma/schema.prisma', changedSchema);
    expect(await project.run('generate --schema prisma/schema.prisma')).toMatchObject(
      exited(0, 'Generated Prisma Client'),
    );
    return errorsOf(compile(join(project.directory, 'src/generated/prisma')));
  } finally {
    project.dispose();
  }
}

/** Compiles the source with the generated client of another folder instead of its own. */
function compile(otherClient: string): ts.Program {
  const place = (path: string): string =>
    path.startsWith(client) ? join(otherClient, path.slice(client.length)) : path;
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (path) => disk.fileExists(place(path)),
    readFile: (path) => disk.readFile(place(path)),
    getSourceFile: (path, version) => {
      if (path.startsWith(client)) return ts.createSourceFile(path, disk.readFile(place(path)) ?? '', version);
      if (!unchangedFiles.has(path)) unchangedFiles.set(path, disk.getSourceFile(path, version));
      return unchangedFiles.get(path);
    },
  };
  return ts.createProgram(fileNames, options, host);
}

function errorsOf(program: ts.Program): string[] {
  return program.getSemanticDiagnostics().map(({ file, messageText }) => {
    return `${relative(packageRoot, file?.fileName ?? '')}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
}

describe('the generated types', () => {
  test('the source compiles with the generated types of the current schema', async () => {
    expect(await errorsWith(schema)).toEqual([]);
  });

  test.each([
    {
      change: 'a removed column',
      from: /^ {2}description {7}String\?\n(?= {2}createdAt)/m,
      to: '',
      file: 'src/agents/agent-table.ts',
      message: "'description' does not exist in type",
    },
    {
      change: 'an added column',
      from: /^ {2}issuer {11}String$/m,
      to: '$&\n  keyUsage String @default("") @map("key_usage")',
      file: 'src/certificates/validation.ts',
      message: "'keyUsage' is missing",
    },
    {
      change: 'a renamed value of an enumeration',
      from: /DEPRECATED/,
      to: 'RETIRED',
      file: 'src/agents/rows.ts',
      message: `"RETIRED"' is not assignable`,
    },
    {
      change: 'another type of a column',
      from: /^ {2}port {10}Int$/m,
      to: '  port String',
      file: 'src/agents/endpoint-validation.ts',
      message: "'number' is not assignable to type 'string'",
    },
    {
      change: 'a column that may be null',
      from: /^ {2}target {12}String$/m,
      to: '$&?',
      file: 'src/events/rows.ts',
      message: "'null' is not assignable to type 'Unchecked<string>'",
    },
  ])(
    'the source does not compile with the generated types after a change of the schema: $change',
    async ({ from, to, file, message }) => {
      const changed = schema.replace(from, to);
      expect(changed).not.toBe(schema);
      const errors = await errorsWith(changed);
      expect(errors.filter((error) => error.startsWith(file)).join('\n')).toContain(message);
    },
  );
});
