import { InvalidArgumentError, type Command } from 'commander';
import { formatCount } from '../../console/format';
import type { EventChainHead, EventChainVerification } from '../../index';
import { addAction } from '../action';
import { addUrl, openExisting, type DatabaseOption } from '../database';
import { examples } from '../examples';
import type { Outcome } from '../report';
import type { Terminal } from '../terminal';

interface VerifyArguments extends DatabaseOption {
  readonly expect?: EventChainHead;
}

/** Adds the command `events verify`, which verifies the chain of security events. */
export function addEventsVerify(events: Command): void {
  const command = addUrl(events.command('verify'))
    .summary('verify the chain of security events')
    .description(
      'Verifies the hash chain of the security events, and prints its head. Keep the head outside of the database, and pass it to --expect later: this also detects a chain that was cut or rewritten as a whole. Exit code 2 when the chain is broken.',
    )
    .option('--expect <sequence:hash>', 'head that an earlier verification printed', parseHead)
    .addHelpText(
      'after',
      examples(
        ['npx ans-database events verify', 'verifies the chain and prints its head'],
        ['npx ans-database events verify --expect "$(cat head.txt)"', 'also compares the chain with an earlier head'],
      ),
    );
  addAction(command, async (_, terminal) => {
    const options = command.opts<VerifyArguments>();
    await using db = await openExisting(options, 'verify');
    return toOutcome(await db.events.verify({ expected: options.expect }), terminal);
  });
}

function toOutcome(result: EventChainVerification, { style }: Terminal): Outcome {
  const { pending } = result;
  const entries = formatEntries(result.entries);
  const verb = pending === 1 ? 'is' : 'are';
  const note =
    pending === 0
      ? []
      : [style.warning(`${formatEntries(pending)} ${verb} pending: not in the chain, and not verified.`)];
  if (result.valid) {
    const { sequence, hash } = result.head;
    const lines = [style.bold(`The chain is valid: ${entries} verified.`), `head ${sequence}:${hash}`, ...note];
    return { json: result, lines };
  }
  const { reason, sequence, eventId } = result.break;
  const at = sequence === undefined ? '' : ` at entry ${sequence}`;
  const event = eventId === undefined ? '' : `, event ${eventId}`;
  return {
    json: result,
    lines: [style.warning(`The chain is broken${at}${event}: ${reason}. ${entries} verified before.`), ...note],
    exitCode: 2,
  };
}

function formatEntries(count: number): string {
  return count === 1 ? '1 entry' : `${formatCount(count)} entries`;
}

function parseHead(text: string): EventChainHead {
  const [, sequence, hash = ''] = /^(\d{1,15}):([\da-f]{64}|)$/.exec(text) ?? [];
  if (sequence === undefined || (sequence === '0') !== (hash === ''))
    throw new InvalidArgumentError('It must be a sequence number, a colon and a hash of 64 hexadecimal digits.');
  return { sequence: Number(sequence), hash };
}
