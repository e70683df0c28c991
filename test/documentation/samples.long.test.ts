import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { databaseErrorCodes } from '../../src';
import { compileSamples, errorsOf } from '../support/compile-samples';
import { codeOf, docstringExamples, publicDocstrings } from '../support/docstrings';
import { codeBlocksOf, fileOf, samples, textOf, userPages } from '../support/documentation-pages';

const root = join(__dirname, '../..');

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

const sampleFiles = new Map(samples.map((sample) => [fileOf(sample), `${sample.code}\nexport {};\n`]));
const examples = docstringExamples();
// One program, because the compiler takes seconds to load the types.
const program = compileSamples(new Map([...sampleFiles, ...examples]));
const entries = ['.', 'errors', 'formats', 'opentelemetry', 'prisma', 'prisma-config', 'testing', 'x509'].map(
  (folder) => join('src', folder, 'index.ts'),
);
const docstrings = entries.flatMap((entry) => publicDocstrings(program, entry));

describe('samples', () => {
  test('every TypeScript sample of the documentation compiles', () => {
    expect(sampleFiles.size).toBeGreaterThan(50);
    expect([...sampleFiles.keys()].flatMap((file) => errorsOf(program, file))).toEqual([]);
  });

  test('every JSON sample of the documentation can be parsed', () => {
    const blocks = userPages.flatMap(codeBlocksOf).filter(({ language }) => language === 'json');
    expect(blocks.length).toBeGreaterThan(1);
    for (const { page, line, code } of blocks) {
      expect([page, line, JSON.parse(code)]).toEqual([page, line, expect.any(Object)]);
    }
  });

  test('each code block of the documentation except output names its language', () => {
    const known = new Set(['', 'js', 'json', 'prisma', 'sh', 'sql', 'ts', 'dockerfile', 'yaml']);
    const unknown = userPages.flatMap(codeBlocksOf).filter(({ language }) => !known.has(language));
    expect(unknown).toEqual([]);
  });

  test.each<[page: string, names: readonly string[]]>([
    [
      'docs/configuration.md',
      ['DatabaseOptions', 'PoolOptions', 'RetryOptions', 'BreakerOptions', 'CacheOptions'].flatMap(namesOf),
    ],
    ['docs/limits.md', namesOf('LimitOptions')],
    ['docs/errors.md', databaseErrorCodes],
    ['docs/queries.md', namesOf('ResolutionQuery')],
    ['docs/certificates.md', namesOf('CertificateQuery')],
    ['docs/security-events.md', namesOf('SecurityEventQuery')],
    ['docs/agents.md', [...namesOf('AgentWriter'), ...namesOf('AgentBatchWriter')]],
  ])('the table in %s lists every documented item', (page, names) => {
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !new RegExp(`^\\|.*\\b${name}\\b`, 'm').test(textOf(page)))).toEqual([]);
  });
});

describe('docstrings', () => {
  test('every example in the docstrings of public calls compiles', () => {
    expect(examples.size).toBeGreaterThan(60);
    expect([...examples.keys()].flatMap((file) => errorsOf(program, file))).toEqual([]);
  });

  test('the docstrings of public calls begin with a verb in the third person', () => {
    const texts = docstrings.map(({ name, text }) => `${name}: ${text}`);
    expect(texts.length).toBeGreaterThan(80);
    expect(texts.filter((text) => !/^[\w.]+: [A-Z][a-z]+s\b/.test(text))).toEqual([]);
  });

  test('the docstrings of public calls contain an example of two to six lines', () => {
    const lengthOf = (example: string): number => codeOf(example).split('\n').length;
    const wrong = docstrings.filter(({ examples: own }) => {
      return own.length === 0 || own.some((example) => lengthOf(example) < 2 || lengthOf(example) > 6);
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  test('the docstrings of public calls name only existing error codes', () => {
    const codes = docstrings.flatMap(({ throws }) =>
      throws.flatMap((text) => text.match(/\b[A-Z]{2,}_[A-Z_]+\b/g) ?? []),
    );
    expect(codes.length).toBeGreaterThan(80);
    expect(codes.filter((code) => !(databaseErrorCodes as readonly string[]).includes(code))).toEqual([]);
  });
});
