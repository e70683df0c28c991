import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { databaseErrorCodes } from '../src';
import { sampleGlobals } from './support/sample-globals';

const root = join(__dirname, '..');
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];
/** The pages for users. The pages for contributors show parts of the source. */
const samplePages = pages.filter((page) => page === 'README.md' || /^docs\/[^/]+$/.test(page));

function textOf(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

/** The code of a page in TypeScript or JavaScript, each with a file name that shows where it is. */
function samplesOf(page: string): [file: string, code: string][] {
  const blocks = textOf(page).matchAll(/^( *)```(?:ts|js)\n(.*?)^ *```$/gms);
  return [...blocks].map(({ index, 2: code = '' }) => {
    const line = textOf(page).slice(0, index).split('\n').length;
    return [join(root, dirname(page), `${page.replaceAll(/\W/g, '-')}-line-${line}.ts`), `${code}\nexport {};\n`];
  });
}

/** Returns the program of samples, which are not on the disk. */
function compile(samples: ReadonlyMap<string, string>): ts.Program {
  const files = new Map([...samples, [join(root, 'sample-globals.d.ts'), sampleGlobals]]);
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)).config as object;
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, root);
  const compilerOptions: ts.CompilerOptions = {
    ...options,
    module: ts.ModuleKind.Preserve,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: ['node'],
    noUnusedLocals: false,
    paths: { 'ans-database': [join(root, 'src/index.ts')], 'ans-database/prisma': [join(root, 'src/prisma/index.ts')] },
  };
  const disk = ts.createCompilerHost(compilerOptions);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (path) => files.has(path) || disk.fileExists(path),
    getSourceFile: (path, languageVersion, ...rest) => {
      const text = files.get(path);
      if (text === undefined) return disk.getSourceFile(path, languageVersion, ...rest);
      return ts.createSourceFile(path, text, languageVersion);
    },
  };
  return ts.createProgram([...files.keys()], compilerOptions, host);
}

function errorsOf(program: ts.Program, file: string): string[] {
  const source = program.getSourceFile(file);
  const diagnostics = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  return diagnostics.map(({ messageText }) => {
    return `${relative(root, file)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

/** The anchors of a page as GitHub makes them from its headings. */
function anchorsOf(page: string): string[] {
  return [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => {
    return heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
  });
}

/** Names of the members of an interface of the source. */
function namesOf(interfaceName: string): string[] {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).map((name) => join('src', name));
  const file = files.find((name) => name.endsWith('.ts') && textOf(name).includes(`interface ${interfaceName} {`));
  if (file === undefined) throw new Error(`no interface ${interfaceName}`);
  return ts.createSourceFile(file, textOf(file), ts.ScriptTarget.Latest).statements.flatMap((statement) => {
    if (!ts.isInterfaceDeclaration(statement) || statement.name.text !== interfaceName) return [];
    return statement.members.map(({ name }) => (name !== undefined && ts.isIdentifier(name) ? name.text : ''));
  });
}

describe('The documentation', () => {
  test('has only samples that compile', () => {
    const samples = new Map(samplePages.flatMap(samplesOf));
    const program = compile(samples);
    expect(samples.size).toBeGreaterThan(30);
    expect([...samples.keys()].flatMap((file) => errorsOf(program, file))).toEqual([]);
  });

  test('lists every option, limit and error code', () => {
    const missing = (page: string, names: readonly string[]): string[] => {
      const text = textOf(page);
      return names.filter((name) => !new RegExp(`^\\|.*\\b${name}\\b`, 'm').test(text));
    };
    expect(namesOf('LimitOptions')).toContain('answerLength');
    expect(missing('README.md', [...namesOf('DatabaseOptions'), ...databaseErrorCodes])).toEqual([]);
    expect(missing('docs/limits.md', namesOf('LimitOptions'))).toEqual([]);
    expect(missing('docs/postgresql.md', namesOf('PoolOptions'))).toEqual([]);
    expect(missing('docs/errors.md', [...namesOf('RetryOptions'), ...namesOf('BreakerOptions')])).toEqual([]);
  });

  test('has only links that lead to a page and a heading', () => {
    const broken = pages.flatMap((page) => {
      const links = textOf(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g);
      return [...links].flatMap(([link, path = '', anchor]) => {
        const target = path === '' ? page : join(dirname(page), path);
        const isFound = existsSync(join(root, target)) && (anchor === undefined || anchorsOf(target).includes(anchor));
        return isFound ? [] : [`${page}: ${link}`];
      });
    });
    expect(broken).toEqual([]);
  });

  test('names only files, folders and commands that exist', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Readonly<Record<string, string>> };
    const missing = pages.flatMap((page) => {
      const text = textOf(page);
      const files = [...text.matchAll(/`((?:src|test|scripts|docs|prisma)\/[\w./-]+)`/g)]
        .map(([, path = '']) => path)
        .filter((path) => !existsSync(join(root, path)));
      const commands = [...text.matchAll(/npm run ([\w:]+)/g)]
        .map(([, name = '']) => name)
        .filter((name) => !(name in scripts));
      return [...files, ...commands].map((name) => `${page}: ${name}`);
    });
    expect(missing).toEqual([]);
  });
});
