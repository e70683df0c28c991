import { parseArgs } from 'node:util';
import { parseInteger } from '../console/parse-integer';
import { ScriptError } from '../console/run-script';
import { resolveBuild } from './builds';
import { buildNames, contenderNames, isBuild, type BuildName, type ContenderName } from './contender';
import { engineNames, type EngineName } from './engines/store';

export const usage = `Usage: npm run bench -- [options]

Compares this package ("package") with hand-written SQL on better-sqlite3 and node-postgres ("raw", the practical
limit), with Prisma Client as its documentation shows it, and with Drizzle, Kysely and TypeORM. Each contender has a
process of its own; all of them work in alternating slices of time. They must return the same results before anything
is measured. Ratios are more reliable than times, because they compare measurements of the same round.

  --engines LIST     of ${engineNames.join(', ')} (default: both; PostgreSQL at TEST_POSTGRESQL_URL, else on a
                     server that is started for the benchmark)
  --agents LIST      numbers of agents in the database (default: 10000); several numbers, such as
                     1000,10000,100000,1000000, also show how times grow
  --events N         security events for each agent (default: 10)
  --rounds N         slices of each contender in each workload (default: 8)
  --slice-ms N       duration of a slice (default: 100); a first slice of five times as long is not counted
  --callers LIST     numbers of concurrent callers, such as 1,8,32, with which W6, W8, W9 and W12 are measured, too
                     (default: none)
  --callers-ms N     duration of a slice with concurrent callers (default: 1000)
  --durable          PostgreSQL: a commit waits for the disk (synchronous_commit = on)
  --workloads LIST   such as W1,W6 (default: all)
  --contenders LIST  of raw, package, prisma, drizzle, kysely, typeorm (default: all; with --old: package, old, control)
  --old PATH         compare with another build of this package, "old"; PATH is the folder of its package.json. Ratios
                     are relative to it. "control", a second process of that build, shows the spread of the measurement
  --starts N         processes of each contender for the cold start, 0 for none (default: 7)
  --analyze          run ANALYZE on SQLite, which the package never does
  --json FILE        write the results to a file
  --from FILE        show the results that --json wrote, and measure nothing
  --chart FILE       write a chart of the ratios, as SVG
  --markdown FILE    write the tables, as Markdown
  --profile FOLDER   write a CPU profile of each contender's process
  --help             print this text`;

export interface BenchOptions {
  readonly engines: readonly EngineName[];
  readonly agentCounts: readonly number[];
  /** Number of security events for each agent. */
  readonly eventsPerAgent: number;
  readonly rounds: number;
  readonly sliceMs: number;
  /** Numbers of concurrent callers to measure with. */
  readonly callers: readonly number[];
  readonly callersMs: number;
  readonly durable: boolean;
  /** Ids of the workloads to run; undefined for all workloads. */
  readonly workloads: ReadonlySet<string> | undefined;
  readonly contenders: readonly ContenderName[];
  /** Contender to which all ratios are relative. */
  readonly baseline: ContenderName;
  /** Entry files of the builds of this package. */
  readonly builds: Readonly<Record<BuildName, string>>;
  readonly starts: number;
  readonly analyze: boolean;
  readonly jsonPath: string | undefined;
  /** Path of a file with the results of an earlier run, which are shown in place of a measurement. */
  readonly fromPath: string | undefined;
  readonly chartPath: string | undefined;
  readonly markdownPath: string | undefined;
  readonly profileFolder: string | undefined;
}

/** Parses the command line of the benchmark. Returns undefined when help was requested. */
export function parseOptions(): BenchOptions | undefined {
  const { values } = parseArgs({
    options: {
      engines: { type: 'string' },
      agents: { type: 'string', default: '10000' },
      events: { type: 'string', default: '10' },
      rounds: { type: 'string', default: '8' },
      'slice-ms': { type: 'string', default: '100' },
      callers: { type: 'string' },
      'callers-ms': { type: 'string', default: '1000' },
      durable: { type: 'boolean', default: false },
      workloads: { type: 'string' },
      contenders: { type: 'string' },
      old: { type: 'string' },
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
  const { old } = values;
  const withoutOld = contenderNames.filter((name) => name === 'package' || !isBuild(name));
  const oldBuild = resolveBuild(old);
  return {
    engines: selectNames(values.engines, '--engines', engineNames),
    agentCounts: values.agents.split(',').map((text) => parseInteger(text, '--agents', 10)),
    eventsPerAgent: parseInteger(values.events, '--events', 1),
    rounds: parseInteger(values.rounds, '--rounds', 1),
    sliceMs: parseInteger(values['slice-ms'], '--slice-ms', 1),
    callers: values.callers?.split(',').map((text) => parseInteger(text, '--callers', 1)) ?? [],
    callersMs: parseInteger(values['callers-ms'], '--callers-ms', 1),
    durable: values.durable,
    workloads: values.workloads === undefined ? undefined : new Set(values.workloads.split(',')),
    contenders:
      old === undefined
        ? selectNames(values.contenders, '--contenders', withoutOld)
        : selectNames(values.contenders ?? buildNames.join(','), '--contenders', contenderNames),
    baseline: old === undefined ? 'raw' : 'old',
    builds: { package: resolveBuild(), old: oldBuild, control: oldBuild },
    starts: parseInteger(values.starts, '--starts', 0),
    analyze: values.analyze,
    jsonPath: values.json,
    fromPath: values.from,
    chartPath: values.chart,
    markdownPath: values.markdown,
    profileFolder: values.profile,
  };
}

function selectNames<T extends string>(text: string | undefined, option: string, names: readonly T[]): readonly T[] {
  const selected = text?.split(',');
  const unknown = selected?.find((name) => !names.some((known) => known === name));
  if (unknown !== undefined) throw new ScriptError(`${option} must be a list of ${names.join(', ')}: got ${unknown}`);
  return names.filter((name) => selected?.includes(name) ?? true);
}
