import ts from 'typescript';
import { samples } from '../support/documentation-pages';
import { createSampleContext } from '../support/sample-values';
import { temporaryDirectory } from '../support/test-database';

const runnable = samples.filter(({ marks }) => !marks.includes('no-run'));
const folder = process.cwd();

/** Returns a function that runs a sample with the values of these names. */
function compile(code: string, names: readonly string[]): (...values: readonly unknown[]) => Promise<void> {
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
  const { outputText } = ts.transpileModule(code, { compilerOptions });
  // The function may redeclare the names, as a sample may.
  const body = `return (async () => {${outputText}\n})();`;
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the code is part of the documentation
  return new Function(...names, body) as ReturnType<typeof compile>;
}

afterEach(() => process.chdir(folder));

test('more than 90 percent of the documentation samples can run', () => {
  expect(runnable.length / samples.length).toBeGreaterThan(0.9);
});

test.each(runnable.map((sample) => [`${sample.page}:${sample.line}`, sample.code] as const))(
  'the documentation sample %s runs without an error',
  async (_place, code) => {
    const directory = temporaryDirectory();
    process.chdir(directory);
    const { values, require, finish } = await createSampleContext(directory);
    const run = compile(code, ['require', 'exports', ...Object.keys(values)]);
    try {
      await run(require, {}, ...Object.values(values));
    } finally {
      await finish();
    }
  },
);
