import { parseArgs } from 'node:util';
import { ScriptError } from '../console/run-script';
import { contenderNames, type ContenderName } from './contender';
import { engineNames, type EngineName } from './engines/store';

export const usage = `Usage: npm run bench -- [options]

Measures this package against hand-written SQL ("raw", the practical limit: better-sqlite3, node-postgres), against Prisma
Client as its documentation has it, and against Drizzle, Kysely and TypeORM: each in a process of its own, in slices that
take turns. All of them have to give the same results before anything is timed. Ratios say more than times: they are of
the same rounds.

  --engines LIST    of ${engineNames.join(', ')} (default: both; PostgreSQL where TEST_POSTGRESQL_URL says, else
                    on a server that is started for it)
  --agents LIST     numbers of agents in the database, with ten events each (default: 10000); of several, such as
                    1000,10000,100000,1000000, also tells how times grow
  --rounds N        slices of each contender in each workload (default: 8)
  --slice-ms N      how long a slice lasts; the first, which is not counted, five times as long (default: 100)
  --workloads LIST  such as W1,W6 (default: all)
  --contenders LIST of ${contenderNames.join(', ')} (default: all)
  --starts N        processes of each contender for the cold start, 0 for none (default: 7)
  --analyze         SQLite with the statistics of ANALYZE, which the package never runs, for the query planner
  --json FILE       write the results there too
  --from FILE       measure nothing, but show the results that --json wrote
  --chart FILE      draw them there, as SVG
  --markdown FILE   write the tables there, as Markdown
  --profile FOLDER  write a CPU profile of each contender's process
  --help            this text`;

export interface BenchOptions {
  readonly engines: readonly EngineName[];
  readonly agentCounts: readonly number[];
  readonly rounds: number;
  readonly sliceMs: number;
  /** All where undefined. */
  readonly workloads: ReadonlySet<string> | undefined;
  readonly contenders: readonly ContenderName[];
  readonly starts: number;
  readonly analyze: boolean;
  readonly jsonPath: string | undefined;
  /** The results of an earlier run, to be shown instead. */
  readonly fromPath: string | undefined;
  readonly chartPath: string | undefined;
  readonly markdownPath: string | undefined;
  readonly profileFolder: string | undefined;
}

/** @returns undefined when help was asked for. */
export function parseOptions(): BenchOptions | undefined {
  const { values } = parseArgs({
    options: {
      engines: { type: 'string' },
      agents: { type: 'string', default: '10000' },
      rounds: { type: 'string', default: '8' },
      'slice-ms': { type: 'string', default: '100' },
      workloads: { type: 'string' },
      contenders: { type: 'string' },
      starts: { type: 'string', default: '7' },
      analyze: { type: 'boolean', default: false },
      json: { type: 'string' },
      from: { type: 'string' },
      chart: { type: 'string' },
      markdown: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    engines: chosen(values.engines, '--engines', engineNames),
    agentCounts: values.agents.split(',').map((text) => wholeNumber(text, '--agents', 10)),
    rounds: wholeNumber(values.rounds, '--rounds', 1),
    sliceMs: wholeNumber(values['slice-ms'], '--slice-ms', 1),
    workloads: values.workloads === undefined ? undefined : new Set(values.workloads.split(',')),
    contenders: chosen(values.contenders, '--contenders', contenderNames),
    starts: wholeNumber(values.starts, '--starts', 0),
    analyze: values.analyze,
    jsonPath: values.json,
    fromPath: values.from,
    chartPath: values.chart,
    markdownPath: values.markdown,
    profileFolder: values.profile,
  };
}

function chosen<T extends string>(text: string | undefined, option: string, known: readonly T[]): readonly T[] {
  const wanted = text?.split(',');
  const unknown = wanted?.find((name) => !known.some((one) => one === name));
  if (unknown !== undefined) throw new ScriptError(`${option}: there is no ${unknown}`);
  return known.filter((name) => wanted?.includes(name) ?? true);
}

function wholeNumber(text: string, option: string, least: number): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < least) {
    throw new ScriptError(`${option} must be an integer of at least ${least}`);
  }
  return number;
}
