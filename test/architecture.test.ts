import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const root = join(__dirname, '..');
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.startsWith('generated'))
  .map((file) => `src/${file}`);

/** Folders of the nouns, which are the entities and the parts of the public API, lowest first. */
const nouns = [
  ...['certificates', 'agents', 'events', 'changes', 'registration', 'resolution', 'tenancy', 'integrity', 'health'],
  'cache',
];

/** Folders of `src`, lowest first: a file imports from its own folder and from lower ones. `.` is `src` itself. */
const order = [
  ...['errors', 'sql', 'validation', 'metadata', 'query', 'diagnostics', 'options', 'storage', 'runtime'],
  ...['migrations', 'engines/sqlite', 'engines/postgresql'],
  ...nouns,
  ...['x509', 'formats'],
  ...['.', 'prisma', 'prisma-config', 'opentelemetry', 'testing', 'console', 'move', 'cli'],
];

const engines = ['engines/sqlite', 'engines/postgresql'];
function folderOf(file: string): string {
  const folder = dirname(file).replace(/^src\/?/, '');
  if (folder === '') return '.';
  return folder.startsWith('engines/') ? folder.split('/', 2).join('/') : (folder.split('/')[0] ?? '');
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/(?:from |import\()'([^']+)'/g)].map(([, specifier]) => specifier ?? '');
}

function localImportsOf(file: string): string[] {
  return importsOf(file)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => `${normalize(join(dirname(file), specifier)).replace(/\.js$/, '')}.ts`)
    .filter((imported) => !imported.startsWith('src/generated/'));
}

describe('the source code', () => {
  test('the list of layers contains every folder of the source code', () => {
    expect([...new Set(sources.map(folderOf))].filter((folder) => !order.includes(folder))).toEqual([]);
  });

  test('ARCHITECTURE.md lists the folders of the source code in the order of the layers', () => {
    const listed = [...readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').matchAll(/^\| `src\/([\w/-]+)`/gm)];
    expect(listed.map(([, folder]) => folder)).toEqual(order.filter((folder) => folder !== '.'));
  });

  test('no source file imports a file from a higher layer', () => {
    const fromAbove = sources.flatMap((file) =>
      localImportsOf(file)
        .filter((imported) => order.indexOf(folderOf(imported)) > order.indexOf(folderOf(file)))
        .map((imported) => `${file}: ${imported}`),
    );
    expect(sources.flatMap(localImportsOf).length).toBeGreaterThan(100);
    expect(fromAbove).toEqual([]);
  });

  test('database engines and API modules do not import each other, and the two engines are independent', () => {
    const importsBetween = (from: readonly string[], to: readonly string[]): string[] =>
      sources
        .filter((file) => from.includes(folderOf(file)))
        .flatMap((file) =>
          localImportsOf(file)
            .filter((imported) => to.includes(folderOf(imported)) && folderOf(imported) !== folderOf(file))
            .map((imported) => `${file}: ${imported}`),
        );
    expect(importsBetween(engines, ['storage'])).not.toEqual([]);
    expect(importsBetween(engines, [...nouns, ...engines])).toEqual([]);
    expect(importsBetween(nouns, engines)).toEqual([]);
  });

  test('only the command line reads environment variables', () => {
    const library = sources.filter((file) => folderOf(file) !== 'cli');
    expect(library.filter((file) => readFileSync(join(root, file), 'utf8').includes('process.env'))).toEqual([]);
  });

  test('no source file has more than 250 lines', () => {
    const long = sources.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 251);
    expect(long).toEqual([]);
  });
});
