import type { Command } from 'commander';
import { reportOutcome, type Outcome } from './report';
import { Terminal } from './terminal';

/** Options that all commands with a printed result have. */
export interface JsonOption {
  readonly json?: boolean;
}

/**
 * Adds the option `--json` to a command, and the function `work` that runs the command. `work` receives the arguments
 * and the terminal.
 */
export function addAction(
  command: Command,
  work: (args: readonly string[], terminal: Terminal) => Promise<Outcome>,
): void {
  command.option('--json', 'print the result, or the error, as JSON').action(async () => {
    const asJson = command.opts<JsonOption>().json === true;
    reportOutcome(await work(command.args, new Terminal(asJson)), asJson);
  });
}
