import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../support/test-database';
import { runScript } from './run-script';

interface Report {
  readonly workloads: readonly {
    readonly id: string;
    readonly contenders: Readonly<Record<string, { readonly ratioToRaw: number; readonly opsPerSecond: number }>>;
  }[];
}

test('npm run bench: all contenders give the same results, and are measured in every workload', async () => {
  const path = join(temporaryDirectory(), 'bench.json');
  const args = ['--agents', '50', '--rounds', '1', '--slice-ms', '5', '--json', path];
  const { exitCode, stdout, stderr } = await runScript('bench/main.ts', args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining('comparing results') as string });
  expect(stdout).toContain('Of raw, at a glance');
  const { workloads } = JSON.parse(readFileSync(path, 'utf8')) as Report;
  expect(workloads.map(({ id }) => id)).toEqual(['W1', 'W2', 'W3', 'W4', 'W5', 'W10', 'W11', 'W6', 'W8', 'W9']);
  for (const { contenders } of workloads) {
    expect(Object.keys(contenders)).toEqual(['raw', 'package', 'prisma']);
    for (const { ratioToRaw, opsPerSecond } of Object.values(contenders)) {
      expect(ratioToRaw).toBeGreaterThan(0);
      expect(opsPerSecond).toBeGreaterThan(0);
    }
  }
}, 60_000);
