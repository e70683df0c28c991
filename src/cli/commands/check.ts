import type { Command } from 'commander';
import { formatAmount } from '../../console/format';
import type { CheckFinding, CheckReport } from '../../index';
import { addAction } from '../action';
import { addUrl, openExisting, type DatabaseOption } from '../database';
import { examples } from '../examples';
import { integerFrom } from '../parse-integer';
import type { Outcome } from '../report';
import type { Terminal } from '../terminal';

interface CheckArguments extends DatabaseOption {
  readonly maxFindings: number;
}

const columns = [{ title: 'check' }, { title: 'record' }, { title: 'field' }, { title: 'problem' }] as const;

/** Adds the command `check`, which reads all stored data and reports damage. */
export function addCheck(program: Command): void {
  const command = addUrl(program.command('check'))
    .summary('read all stored data and report damage')
    .description(
      'Checks all stored data: the structures of the database, the references between records, derived columns, and the chain of security events. Changes nothing, and other processes may write meanwhile. Exit code 2 when it finds damage.',
    )
    .option('--max-findings <n>', 'number of findings to list, 0 to 10000', integerFrom(0, 10_000), 100)
    .addHelpText('after', examples(['npx ans-database check --json > report.json', 'writes the findings to a file']));
  addAction(command, async (_, terminal) => {
    const options = command.opts<CheckArguments>();
    await using db = await openExisting(options, 'verify');
    return toOutcome(await db.check({ maxFindings: options.maxFindings }), terminal);
  });
}

function toOutcome(report: CheckReport, terminal: Terminal): Outcome {
  const { ok, findings, total, skipped, warnings } = report;
  const { style } = terminal;
  const rows = findings.map((finding) => [finding.check, describeRecord(finding), fieldOf(finding), finding.message]);
  const listed = total > findings.length ? `, ${findings.length} of them listed` : '';
  return {
    json: report,
    lines: [
      ...(rows.length === 0 ? [] : terminal.table(columns, rows)),
      ...skipped.map((reason) => style.warning(`not checked: ${reason}`)),
      ...warnings.map((warning) => style.warning(`warning: ${warning}`)),
      ok ? style.bold('No damage found.') : style.warning(`${formatAmount(total, 'problem')} found${listed}.`),
    ],
    exitCode: ok ? 0 : 2,
  };
}

function describeRecord({ entity, id, agentId }: CheckFinding): string {
  const owner = agentId === undefined ? [] : ['of agent', agentId];
  return [entity, id, ...owner].filter((part) => part !== undefined).join(' ');
}

function fieldOf({ field, key }: CheckFinding): string {
  return [field, key].filter((part) => part !== undefined).join(' ');
}
