import { Option, type Command } from 'commander';
import { addAction } from '../action';
import { CommandError } from '../command-error';
import { addUrl, locate, openExisting, type DatabaseOption } from '../database';
import { examples } from '../examples';
import { openInput } from '../import/input-file';

interface ImportArguments extends DatabaseOption {
  readonly format: 'auto' | 'mcp' | 'a2a' | 'agents' | 'export';
  readonly certificate?: string;
  readonly owner?: string;
  readonly dryRun?: boolean;
  readonly skipInvalid?: boolean;
}

const details = `
An export fills an empty database, on either engine. Its tables are created if they are missing. All rows, hashes,
sequence numbers and times stay as they are. The database is compared with the file before the commit.

Any other file has documents: server.json of MCP, agent cards of A2A, or agents of this package (mcp, a2a, agents). It is
JSON, a JSON array, or lines of JSON. Each document registers an agent, or updates the one of the same owner, name and
version. A second run changes nothing. Everything is written in one transaction.`;

/** Adds the command `import`, which reads an export, or documents that describe agents. */
export function addImport(program: Command): void {
  const command = addUrl(program.command('import'))
    .summary('register agents from documents, or fill an empty database from an export')
    .description(
      'Imports a file: an export of the whole database, or documents that describe agents. Checks the whole file before it writes: an invalid file writes nothing.',
    )
    .argument('<file>', 'path of the file; - is the standard input')
    .addOption(
      new Option('--format <format>', 'format of the file')
        .choices(['auto', 'mcp', 'a2a', 'agents', 'export'])
        .default('auto'),
    )
    .option('--certificate <file>', 'PEM file of the certificate of the agents; registered if it is not stored yet')
    .option('--owner <owner>', 'owner of agents whose document states none')
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--skip-invalid', 'import the valid documents, and list the others; exit code 2')
    .addHelpText(
      'after',
      examples(
        ['npx ans-database import ./directory.ndjson', 'fills an empty database from an export'],
        [
          'npx ans-database import --owner acme --certificate agent.pem --dry-run server.json',
          'shows what a server.json of MCP would change',
        ],
      ) + details,
    );
  addAction(command, async ([file = ''], terminal) => {
    const options = command.opts<ImportArguments>();
    const { format, owner, certificate, dryRun: isDryRun = false, skipInvalid: skipsInvalid = false } = options;
    const database = locate(options);
    await using input = await openInput(file);
    const { readFormat } = await import('../import/read-format.js');
    const isExport = (await readFormat(input.path)) === 'export';
    if (format === 'export' && !isExport) throw new CommandError(`${file} is not an export`);
    if (isExport && format !== 'export' && format !== 'auto')
      throw new CommandError(`${file} is an export; omit --format`);
    if (isExport) {
      if (owner !== undefined || certificate !== undefined || skipsInvalid) {
        throw new CommandError('--owner, --certificate and --skip-invalid are not for an export');
      }
      const { importWholeDatabase } = await import('../import/import-export.js');
      return await importWholeDatabase(input, database, isDryRun, terminal);
    }
    const { importDocuments } = await import('../import/import-documents.js');
    await using db = await openExisting(options, 'verify');
    const kind = format === 'export' ? 'auto' : format;
    return await importDocuments(db, input, { format: kind, owner, certificate, isDryRun, skipsInvalid }, terminal);
  });
}
