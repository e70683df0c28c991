import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../support/test-database';
import { runScript } from './run-script';

interface Report {
  readonly results: readonly {
    readonly engine: string;
    readonly workloads: readonly {
      readonly id: string;
      readonly contenders: Readonly<Record<string, { readonly ratioToRaw: number; readonly opsPerSecond: number }>>;
    }[];
  }[];
}

const workloadIds = [
  'W1',
  'W2',
  'W2s',
  'W3',
  'W3s',
  'W4',
  'W5off',
  'W5key',
  'W5own',
  'W10',
  'W11',
  'W6',
  'W7',
  'W8',
  'W9',
];

test('npm run bench: contenders give the same results, and are measured in every workload', async () => {
  const folder = temporaryDirectory();
  const path = join(folder, 'bench.json');
  const chart = join(folder, 'bench.svg');
  const markdown = join(folder, 'bench.md');
  const sizes = ['--agents', '50', '--rounds', '1', '--slice-ms', '5', '--starts', '0'];
  const files = ['--json', path, '--chart', chart, '--markdown', markdown];
  const args = ['--engines', 'sqlite', '--contenders', 'raw,package', ...sizes, ...files];
  const { exitCode, stdout, stderr } = await runScript('bench/main.ts', args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining('comparing results') as string });
  expect(stdout).toContain('Of raw, at a glance');
  const { results } = JSON.parse(readFileSync(path, 'utf8')) as Report;
  expect(results.map(({ engine }) => engine)).toEqual(['sqlite']);
  for (const { workloads } of results) {
    expect(workloads.map(({ id }) => id)).toEqual(workloadIds);
    for (const { contenders } of workloads) {
      expect(Object.keys(contenders)).toEqual(['raw', 'package']);
      for (const { ratioToRaw, opsPerSecond } of Object.values(contenders)) {
        expect(ratioToRaw).toBeGreaterThan(0);
        expect(opsPerSecond).toBeGreaterThan(0);
      }
    }
  }
  expect(readFileSync(chart, 'utf8').match(/<circle /g)).toHaveLength(1 + workloadIds.length);
  for (const id of workloadIds) expect(readFileSync(markdown, 'utf8')).toContain(`| ${id} `);
}, 60_000);
