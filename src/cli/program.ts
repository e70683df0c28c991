import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { addBackup } from './commands/backup';
import { addCheck } from './commands/check';
import { addEventsVerify } from './commands/events-verify';
import { addExport } from './commands/export';
import { addHealth } from './commands/health';
import { addImport } from './commands/import';
import { addInit } from './commands/init';
import { addMaintain } from './commands/maintain';
import { addMigrateDeploy } from './commands/migrate-deploy';
import { addMigrateStatus } from './commands/migrate-status';
import { addMove } from './commands/move';
import { addStudio } from './commands/studio';
import { CommandError } from './command-error';
import { examples } from './examples';
import { reportError } from './report';

const exitCodes = `
Exit codes: 0 when the command has done its work, 1 when it has failed, 2 when it has found something: damage, a broken
chain, pending migrations, or a database that needs attention.`;

/** Creates the command line. Its methods throw errors instead of ending the process. */
export function createProgram(): Command {
  const program = new Command('ans-database')
    .description('Manages databases of the package ans-database, on SQLite and on PostgreSQL.')
    .version(packageVersion())
    .exitOverride()
    // Disables commander's error output, because commander's messages contain the arguments. `reportError` prints the
    // errors.
    .configureOutput({ outputError: () => undefined })
    .addHelpText(
      'after',
      examples(
        ['DATABASE_URL=postgresql://… npx ans-database migrate deploy', 'creates or updates the tables'],
        ['npx ans-database check --url file:./ans_database.sqlite', 'reads all stored data and reports damage'],
        ['npx ans-database backup --help', 'describes one command'],
      ) + exitCodes,
    );
  const migrate = program.command('migrate').summary('apply migrations, or show their state');
  addMigrateDeploy(migrate);
  addMigrateStatus(migrate);
  addCheck(program);
  addHealth(program);
  addEventsVerify(program.command('events').summary('verify the chain of security events'));
  addMaintain(program);
  addBackup(program);
  addExport(program);
  addImport(program);
  addMove(program);
  addStudio(program);
  addInit(program);
  return program;
}

/** Runs the command of `ans-database` that the arguments name, and sets the exit code of the process. */
export async function runProgram(program: Command, argv: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(argv);
  } catch (error) {
    // commander throws an error even after it has printed the version or the help. It counts as a failure only if
    // commander printed the help because a command is missing.
    if (error instanceof CommanderError && /^commander\.(?:help|helpDisplayed|version)$/.test(error.code)) {
      process.exitCode = error.exitCode;
      return;
    }
    reportError(error instanceof CommanderError ? toCommandError(error) : error, argv.includes('--json'));
  }
}

/**
 * Converts commander's error for invalid arguments. The message must not contain a value, because the value may be a
 * URL with a password.
 */
function toCommandError({ message }: CommanderError): CommandError {
  return new CommandError(message.replace(/^error: /, '').replaceAll(/'(--[\w-]+)=[^']*'/g, "'$1'"));
}

function packageVersion(): string {
  const text = readFileSync(join(__dirname, '../../package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version; // The cast is safe: npm requires `version`.
}
