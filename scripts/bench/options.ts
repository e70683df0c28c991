import { parseArgs } from 'node:util';
import { ScriptError } from '../console/run-script';
import { contenderNames, type ContenderName } from './contender';

export const usage = `Usage: npm run bench -- [options]

Measures this package against hand-written SQL on better-sqlite3 ("raw", the practical limit) and against Prisma Client
as its documentation has it, in one run: each in a process of its own, in slices that take turns. All of them have to
give the same results before anything is timed. Ratios say more than times: they are of the same rounds.

  --agents N        agents in the database, with ten events each (default: 10000)
  --rounds N        slices of each contender in each workload (default: 8)
  --slice-ms N      how long a slice lasts; the first, which is not counted, five times as long (default: 100)
  --workloads LIST  such as W1,W6 (default: all)
  --contenders LIST of ${contenderNames.join(', ')} (default: all)
  --analyze         with the statistics of ANALYZE, which the package never runs, for the query planner
  --json FILE       write the results there too
  --profile FOLDER  write a CPU profile of each contender's process
  --help            this text`;

export interface BenchOptions {
  readonly agentCount: number;
  readonly rounds: number;
  readonly sliceMs: number;
  /** All where undefined. */
  readonly workloads: ReadonlySet<string> | undefined;
  readonly contenders: readonly ContenderName[];
  readonly analyze: boolean;
  readonly jsonPath: string | undefined;
  readonly profileFolder: string | undefined;
}

/** @returns undefined when help was asked for. */
export function parseOptions(): BenchOptions | undefined {
  const { values } = parseArgs({
    options: {
      agents: { type: 'string', default: '10000' },
      rounds: { type: 'string', default: '8' },
      'slice-ms': { type: 'string', default: '100' },
      workloads: { type: 'string' },
      contenders: { type: 'string' },
      analyze: { type: 'boolean', default: false },
      json: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const wanted = values.contenders?.split(',');
  return {
    agentCount: wholeNumber(values.agents, '--agents', 10),
    rounds: wholeNumber(values.rounds, '--rounds', 1),
    sliceMs: wholeNumber(values['slice-ms'], '--slice-ms', 1),
    workloads: values.workloads === undefined ? undefined : new Set(values.workloads.split(',')),
    contenders: contenderNames.filter((name) => wanted?.includes(name) ?? true),
    analyze: values.analyze,
    jsonPath: values.json,
    profileFolder: values.profile,
  };
}

function wholeNumber(text: string, option: string, least: number): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < least) {
    throw new ScriptError(`${option} must be a whole number of at least ${least}`);
  }
  return number;
}
