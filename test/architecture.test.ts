import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const root = join(__dirname, '..');
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.startsWith('generated'))
  .map((file) => `src/${file}`);

/** The floors of the house, from the ground up; the first pattern that fits a file tells its floor. */
const floors: readonly (readonly [pattern: RegExp, floor: number])[] = [
  [/^src\/(index|database-service-factory)\.ts$/, 6],
  [/^src\/(database-service|transaction-scope)\.ts$/, 5],
  [/^src\/database-operations\.ts$/, 4],
  [/^src\/[a-z]+\/[a-z-]+-service\.ts$/, 3],
  [/^src\/(cache|client|migration|generated)\/|^src\/check\/(?!types)/, 2],
  [/^src\/(agents|certificates|changes|events|metadata|registration)\/(?!types)/, 1],
  [/^src\/(agents|certificates|changes|events|metadata|registration)\/types\.ts$/, 0],
  [/^src\/(backup|check|diagnostics|errors|input|options|sql|text)\//, 0],
];

function floorOf(file: string): number {
  const found = floors.find(([pattern]) => pattern.test(file));
  if (found === undefined) throw new Error(`${file} is on no floor`);
  return found[1];
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/(?:from |import\()'([^']+)'/g)].map(([, specifier]) => specifier ?? '');
}

function localImportsOf(file: string): string[] {
  return importsOf(file)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => `${normalize(join(dirname(file), specifier)).replace(/\.js$/, '')}.ts`);
}

describe('The structure of the source', () => {
  test('a file imports from its own floor or a lower one', () => {
    const fromAbove = sources.flatMap((file) =>
      localImportsOf(file).flatMap((imported) => (floorOf(imported) > floorOf(file) ? [`${file}: ${imported}`] : [])),
    );
    expect(sources.flatMap(localImportsOf).length).toBeGreaterThan(100);
    expect(fromAbove).toEqual([]);
  });

  test('a service never imports the service of another noun', () => {
    const services = sources.filter((file) => floorOf(file) === 3);
    expect(services.length).toBeGreaterThan(0);
    const foreign = services.flatMap((file) =>
      localImportsOf(file).filter((imported) => floorOf(imported) === 3 && dirname(imported) !== dirname(file)),
    );
    expect(foreign).toEqual([]);
  });

  test('Prisma is known to the client, the migrations and the composition of SQL alone', () => {
    const knowing = sources.filter((file) => importsOf(file).some((name) => /@prisma|generated\/prisma/.test(name)));
    expect(knowing.filter((file) => !/^src\/(client|migration|sql)\//.test(file))).toEqual([]);
  });

  test('nothing reads an environment variable', () => {
    expect(sources.filter((file) => readFileSync(join(root, file), 'utf8').includes('process.env'))).toEqual([]);
  });

  test('no file is longer than 300 lines', () => {
    const long = sources.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 301);
    expect(long).toEqual([]);
  });
});
