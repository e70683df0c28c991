import type { Command } from 'commander';
import { formatAmount } from '../../console/format';
import { addAction } from '../action';
import { CommandError } from '../command-error';
import { addUrl, locate, requireFile, type DatabaseOption } from '../database';
import { examples } from '../examples';
import { fileOutput, standardOutput } from '../output-file';
import { batchCharacters, RowProgress } from '../row-progress';

const batchRows = 1000;

const details = `
The file has a line of JSON for each row, in the order of the tables and their keys. The first line lists the tables and
their columns. The last line has the number of rows of each table, and the SHA-256 of all lines before it. The file does
not depend on the engine: equal databases give equal files. It contains everything except the tables of your application.

On PostgreSQL, the export appends pending events to the event chain first.`;

/** Adds the command `export`, which writes all tables as lines of JSON. */
export function addExport(program: Command): void {
  const command = addUrl(program.command('export'))
    .summary('write the whole database as lines of JSON')
    .description(
      'Writes all agents, certificates and events, the event chain and the change feed as lines of JSON (NDJSON), as one snapshot. Other processes may write meanwhile. Import the file with the command import, on either engine.',
    )
    .argument('[file]', 'path of the new file; - is the standard output', '-')
    .addHelpText(
      'after',
      examples(
        ['npx ans-database export ./directory.ndjson', 'writes the database of DATABASE_URL to a new file'],
        ['npx ans-database export | gzip > directory.ndjson.gz', 'compresses the export'],
      ) + details,
    );
  addAction(command, async (args, terminal) => {
    const [file = '-'] = args;
    const options = command.opts<DatabaseOption>();
    if (file === '-' && options.json === true) throw new CommandError('--json needs a file for the export');
    const database = locate(options);
    await requireFile(database.location);
    const { exportFrom } = await import('../../move/transfer.js');
    const output = file === '-' ? standardOutput() : await fileOutput(file);
    try {
      const limits = { rows: batchRows, characters: batchCharacters };
      const { rows, sha256 } = await exportFrom(database, {
        limits,
        observer: new RowProgress(terminal),
        write: output.write,
      });
      await output.end();
      const total = Object.values(rows).reduce((sum, count) => sum + count, 0);
      const lines = file === '-' ? [] : [`${formatAmount(total, 'row')} exported to ${file}`, `SHA-256 ${sha256}`];
      return { json: { file, rows, sha256 }, lines };
    } catch (error) {
      await output.discard();
      throw error;
    }
  });
}
