import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { roundOrder } from '../../scripts/bench/round-order';
import { packageRoot } from '../support/prisma-cli';
import { temporaryDirectory } from '../support/test-database';
import type { ProcessResult } from '../support/run-process';
import { runScript } from './run-script';

interface Report {
  readonly results: readonly {
    readonly engine: string;
    readonly workloads: readonly {
      readonly id: string;
      readonly contenders: Readonly<Record<string, { readonly ratio: number; readonly opsPerSecond: number }>>;
    }[];
  }[];
}

const reads = ['W1', 'W2', 'W2s', 'W3', 'W3s', 'W4', 'W5off', 'W5key', 'W5own', 'W10', 'W11', 'W13', 'W15'];
const workloadIds = [...reads, 'W6', 'W7', 'W8', 'W9', 'W12', 'W14'];

/** Runs the benchmark on SQLite with little data and little time. */
function runBenchmark(...args: readonly string[]): Promise<ProcessResult> {
  const sizes = ['--engines', 'sqlite', '--agents', '50', '--rounds', '1', '--slice-ms', '5', '--starts', '0'];
  return runScript('bench/main.ts', [...sizes, ...args]);
}

describe('npm run bench', () => {
  test('npm run bench compares the results of the libraries, measures them, and writes JSON, a chart and Markdown', async () => {
    const folder = temporaryDirectory();
    const [json, chart, markdown] = [join(folder, 'bench.json'), join(folder, 'bench.svg'), join(folder, 'bench.md')];
    const files = ['--json', json, '--chart', chart, '--markdown', markdown];
    const { exitCode, stdout, stderr } = await runBenchmark('--contenders', 'raw,package', ...files);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: expect.stringContaining('comparing results') as string,
    });
    expect(stdout).toContain('Throughput relative to raw');
    const { results } = JSON.parse(readFileSync(json, 'utf8')) as Report;
    expect(results.map(({ engine }) => engine)).toEqual(['sqlite']);
    for (const { workloads } of results) {
      expect(workloads.map(({ id }) => id)).toEqual(workloadIds);
      for (const { contenders } of workloads) {
        expect(Object.keys(contenders)).toEqual(['raw', 'package']);
        for (const { ratio, opsPerSecond } of Object.values(contenders)) {
          expect(ratio).toBeGreaterThan(0);
          expect(opsPerSecond).toBeGreaterThan(0);
        }
      }
    }
    expect(readFileSync(chart, 'utf8').match(/<circle /g)).toHaveLength(1 + workloadIds.length);
    for (const id of workloadIds) expect(readFileSync(markdown, 'utf8')).toContain(`| ${id} `);
  }, 60_000);

  test('npm run bench measures concurrent callers', async () => {
    const callers = ['--callers', '1,3', '--callers-ms', '20', '--workloads', 'W1,W9,W12'];
    const { exitCode, stdout } = await runBenchmark('--contenders', 'raw,package', ...callers);
    expect(exitCode).toBe(0);
    for (const id of ['W9', 'W12']) {
      expect(stdout).toMatch(new RegExp(`^ +${id} .+ 3 +[\\d,.]+ +[\\d.]+$`, 'm'));
      expect(stdout).toMatch(new RegExp(`^ +${id} +3( +[\\d.]+ / \\d+){2}$`, 'm'));
    }
    expect(stdout).not.toMatch(/^ +W1 .+ 3 +/m);
  }, 60_000);

  test('npm run bench compares this build with an old one, and the old one with itself', async () => {
    const { exitCode, stdout } = await runBenchmark('--old', packageRoot, '--workloads', 'W1');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^ +WORKLOAD +OLD P50 US +PACKAGE P50 US +P50 X OLD +CONTROL X OLD +SPREAD +OPS\/S X OLD$/m);
    expect(stdout).toMatch(/^ +W1 getAgent( +[\d.,]+){6}( +slower)?$/m);
  }, 60_000);

  test('npm run bench rejects a path without a built package', async () => {
    const { exitCode, stderr } = await runBenchmark('--old', temporaryDirectory());
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^bench: .+ is not a built package: .+\n$/);
  });
});

test.each([1, 2, 3, 4, 7, 8])(
  'roundOrder puts %i libraries equally often at each position and after each other library',
  (count) => {
    const contenders = Array.from({ length: count }, (_, index) => index);
    const orders = Array.from({ length: 2 * count }, (_, round) => roundOrder(contenders, round));
    const positions = orders.flatMap((order) => order.map((contender, position) => `${contender} at ${position}`));
    const successions = orders.flatMap((order) => order.slice(1).map((next, index) => `${next} after ${order[index]}`));
    expect(frequencies(positions)).toEqual(Array.from({ length: count ** 2 }, () => 2));
    expect(frequencies(successions)).toEqual(Array.from({ length: count * (count - 1) }, () => 2));
  },
);

function frequencies(values: readonly string[]): number[] {
  return [...new Set(values)].map((value) => values.filter((other) => other === value).length);
}
