import type { Command } from 'commander';
import { formatDuration } from '../../console/format';
import { isDatabaseError, type DatabaseError } from '../../errors/database-error';
import type { DatabaseHealth } from '../../index';
import { addAction } from '../action';
import { addUrl, locate, open, requireFile, type DatabaseOption } from '../database';
import { examples } from '../examples';
import { integerFrom } from '../parse-integer';
import type { Outcome } from '../report';
import type { Terminal } from '../terminal';

interface HealthArguments extends DatabaseOption {
  readonly timeout: number;
}

const exitCodes = { up: 0, degraded: 2, down: 1 } as const;

/** Adds the command `health`, which probes a database. */
export function addHealth(program: Command): void {
  const command = addUrl(program.command('health'))
    .summary('probe the database')
    .description(
      'Probes the database, as a readiness probe does. Exit code 0 when it is up, 2 when it is degraded (for example because migrations are pending), 1 when it is down.',
    )
    .option('--timeout <ms>', 'maximum time of the probe in milliseconds', integerFrom(1, 2 ** 31 - 1), 2000)
    .addHelpText('after', examples(['npx ans-database health --json', 'prints the health for a monitoring system']));
  addAction(command, async (_, terminal) => {
    const options = command.opts<HealthArguments>();
    const { url, location } = locate(options);
    await requireFile(location);
    try {
      await using db = await open(url, 'skip');
      return toOutcome(await db.health({ timeoutMs: options.timeout }), terminal);
    } catch (error) {
      if (!isDatabaseError(error)) throw error;
      return downOutcome(error, location.kind === 'postgresql' ? 'postgresql' : 'sqlite', terminal);
    }
  });
}

function toOutcome(health: DatabaseHealth, terminal: Terminal): Outcome {
  const { status, engine, latencyMs, code, pool, pendingMigrations = [], warnings } = health;
  const { style } = terminal;
  const rows = [
    ['engine', engine],
    ...(latencyMs === undefined ? [] : [['latency', formatDuration(latencyMs)]]),
    ...(pool === undefined ? [] : [['connections', `${pool.total} of ${pool.max}`]]),
    ...(code === undefined ? [] : [['error', code]]),
    ...pendingMigrations.map((name) => ['pending migration', name]),
    ...warnings.map((warning) => ['warning', warning]),
  ];
  return {
    json: health,
    lines: [status === 'up' ? style.bold(status) : style.warning(status), ...rows.map((row) => row.join(': '))],
    exitCode: exitCodes[status],
  };
}

/** Returns the result of `health` for a database that could not be opened. */
function downOutcome({ code, message }: DatabaseError, engine: string, { style }: Terminal): Outcome {
  return {
    json: { status: 'down', engine, code, message },
    lines: [style.warning('down'), `engine: ${engine}`, `error: ${message} (${code})`],
    exitCode: exitCodes.down,
  };
}
