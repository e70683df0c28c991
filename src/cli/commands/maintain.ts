import type { Command } from 'commander';
import type { MaintenanceReport, PruneBefore } from '../../index';
import { addAction } from '../action';
import { CommandError } from '../command-error';
import { addUrl, openExisting, type DatabaseOption } from '../database';
import { examples } from '../examples';
import { integerFrom } from '../parse-integer';
import type { Outcome } from '../report';
import type { Terminal } from '../terminal';

interface MaintainArguments extends DatabaseOption {
  readonly expire?: boolean;
  readonly pruneChanges?: number;
  readonly pruneEvents?: number;
  readonly checkpoint?: boolean;
  readonly optimize?: boolean;
}

const dayMs = 24 * 60 * 60 * 1000;
/** Maximum age in days of the records to keep. The resulting time stays within the years that can be stored. */
const maxDays = 700_000;
const columns = [{ title: 'task' }, { title: 'result' }] as const;

/** Adds the command `maintain`, which does the regular tasks of a database. */
export function addMaintain(program: Command): void {
  const command = addUrl(program.command('maintain'))
    .summary('expire, prune and optimize')
    .description(
      'Does the regular maintenance of the database: only the tasks that the options name. Other processes may write meanwhile, and run the same command.',
    )
    .option('--expire', 'set agents and certificates whose time has passed to EXPIRED')
    .option('--prune-changes <days>', 'prune changes of the feed that are older', integerFrom(0, maxDays))
    .option('--prune-events <days>', 'prune security events that are older', integerFrom(0, maxDays))
    .option('--checkpoint', "copy SQLite's write-ahead log into the file; PostgreSQL does this itself")
    .option('--optimize', 'merge the search index on SQLite; analyze the tables on PostgreSQL')
    .addHelpText(
      'after',
      examples(
        ['npx ans-database maintain --expire', 'sets due agents and certificates to EXPIRED'],
        [
          'npx ans-database maintain --prune-changes 7 --prune-events 365 --optimize --checkpoint --json',
          'does the daily tasks, and prints the counts as JSON',
        ],
      ),
    );
  addAction(command, async (_, terminal) => {
    const options = command.opts<MaintainArguments>();
    const { expire, pruneChanges, pruneEvents, checkpoint, optimize } = options;
    if ([expire, pruneChanges, pruneEvents, checkpoint, optimize].every((task) => task === undefined)) {
      throw new CommandError('no task: pass at least one of --expire, --prune-changes, --prune-events, --checkpoint and --optimize'); // prettier-ignore
    }
    await using db = await openExisting(options, 'verify');
    const report = await db.maintain({
      ...{ expire, checkpoint, optimize },
      pruneChanges: toBefore(pruneChanges),
      pruneEvents: toBefore(pruneEvents),
    });
    return toOutcome(report, options, terminal);
  });
}

function toBefore(days: number | undefined): PruneBefore | undefined {
  return days === undefined ? undefined : { before: new Date(Date.now() - days * dayMs) };
}

/**
 * Returns the result of the command `maintain`. The lines show only the requested tasks; the JSON contains all tasks.
 */
function toOutcome(report: MaintenanceReport, options: MaintainArguments, terminal: Terminal): Outcome {
  const rows = [
    ...(options.expire === undefined
      ? []
      : [
          ['expired agents', String(report.agentsExpired)],
          ['expired certificates', String(report.certificatesExpired)],
        ]),
    ...(options.pruneEvents === undefined ? [] : [['pruned events', String(report.eventsPruned)]]),
    ...(options.pruneChanges === undefined ? [] : [['pruned changes', String(report.changesPruned)]]),
    ...(options.optimize === undefined ? [] : [['optimized', yesOrNo(report.optimized)]]),
    ...(options.checkpoint === undefined ? [] : [['checkpointed', yesOrNo(report.checkpointed)]]),
  ];
  return { json: report, lines: terminal.table(columns, rows) };
}

function yesOrNo(value: boolean): string {
  return value ? 'yes' : 'no';
}
