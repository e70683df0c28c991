import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { databaseErrorCodes } from '../src';
import { compileSamples, errorsOf } from './support/compile-samples';
import { codeOf, docstringExamples, publicDocstrings } from './support/docstrings';

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

/** Returns the TypeScript and JavaScript samples of a page, each with a file name that contains its page and line. */
function samplesOf(page: string): [file: string, code: string][] {
  const blocks = textOf(page).matchAll(/^( *)```(?:ts|js)\n(.*?)^ *```$/gms);
  return [...blocks].map(({ index, 2: code = '' }) => {
    const line = textOf(page).slice(0, index).split('\n').length;
    return [join(root, dirname(page), `${page.replaceAll(/\W/g, '-')}-line-${line}.ts`), `${code}\nexport {};\n`];
  });
}

/** Returns the anchors that GitHub derives from the headings of a page. */
function anchorsOf(page: string): string[] {
  return [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => {
    return heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
  });
}

/** Returns the names of the members of an interface of the source. */
function namesOf(interfaceName: string): string[] {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).map((name) => join('src', name));
  const file = files.find((name) => name.endsWith('.ts') && textOf(name).includes(`interface ${interfaceName} {`));
  if (file === undefined) throw new Error(`no interface ${interfaceName}`);
  return ts.createSourceFile(file, textOf(file), ts.ScriptTarget.Latest).statements.flatMap((statement) => {
    if (!ts.isInterfaceDeclaration(statement) || statement.name.text !== interfaceName) return [];
    return statement.members.map(({ name }) => (name !== undefined && ts.isIdentifier(name) ? name.text : ''));
  });
}

const samples = new Map(samplePages.flatMap(samplesOf));
const examples = docstringExamples();
// One program, because the compiler takes seconds to load the types.
const program = compileSamples(new Map([...samples, ...examples]));
const entries = ['.', 'errors', 'opentelemetry', 'prisma', 'prisma-config', 'testing', 'x509'].map((folder) =>
  join('src', folder, 'index.ts'),
);
const docstrings = entries.flatMap((entry) => publicDocstrings(program, entry));

describe('The documentation', () => {
  test('has only samples that compile', () => {
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

describe('The docstrings of public calls', () => {
  test('have only examples that compile', () => {
    expect(examples.size).toBeGreaterThan(60);
    expect([...examples.keys()].flatMap((file) => errorsOf(program, file))).toEqual([]);
  });

  test('begin with a verb in the third person', () => {
    const texts = docstrings.map(({ name, text }) => `${name}: ${text}`);
    expect(texts.length).toBeGreaterThan(80);
    expect(texts.filter((text) => !/^[\w.]+: [A-Z][a-z]+s\b/.test(text))).toEqual([]);
  });

  test('contain an example of two to six lines', () => {
    const lengthOf = (example: string): number => codeOf(example).split('\n').length;
    const wrong = docstrings.filter(({ examples: own }) => {
      return own.length === 0 || own.some((example) => lengthOf(example) < 2 || lengthOf(example) > 6);
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  test('name only existing error codes', () => {
    const codes = docstrings.flatMap(({ throws }) =>
      throws.flatMap((text) => text.match(/\b[A-Z]{2,}_[A-Z_]+\b/g) ?? []),
    );
    expect(codes.length).toBeGreaterThan(80);
    expect(codes.filter((code) => !(databaseErrorCodes as readonly string[]).includes(code))).toEqual([]);
  });
});
