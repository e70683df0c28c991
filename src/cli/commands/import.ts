import type { Command } from 'commander';
import { addAction } from '../action';
import { CommandError } from '../command-error';
import { addUrl, locate, type DatabaseOption } from '../database';
import { examples } from '../examples';
import { openInput } from '../import/input-file';

interface ImportArguments extends DatabaseOption {
  readonly dryRun?: boolean;
}

/** Adds `import`, which reads a file of the command export. */
export function addImport(program: Command): void {
  const command = addUrl(program.command('import'))
    .summary('fill an empty database from an export')
    .description(
      'Fills an empty database from a file that the command export has written, on either engine. Creates the tables if they are missing. All rows, hashes, sequence numbers and times stay as they are. Reads the whole file first, and compares the database with it before the commit: a file that was truncated or changed writes nothing.',
    )
    .argument('<file>', 'path of the file; - is the standard input')
    .option('--dry-run', 'check the file and the database, and change nothing')
    .addHelpText(
      'after',
      examples([
        'DATABASE_URL=postgresql://… npx ans-database import ./directory.ndjson',
        'fills an empty database from an export',
      ]),
    );
  addAction(command, async ([file = ''], terminal) => {
    const options = command.opts<ImportArguments>();
    const database = locate(options);
    await using input = await openInput(file);
    const { readFormat } = await import('../import/read-format.js');
    if ((await readFormat(input.path)) !== 'export') throw new CommandError(`${file} is not an export`);
    const { importWholeDatabase } = await import('../import/import-export.js');
    return await importWholeDatabase(input, database, options.dryRun === true, terminal);
  });
}
