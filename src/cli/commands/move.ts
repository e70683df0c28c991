import type { Command } from 'commander';
import type { LocatedDatabase, SqliteFile } from '../../move/move-between';
import type { PostgresqlLocation } from '../../options/database-url';
import { addAction, type JsonOption } from '../action';
import { CommandError } from '../command-error';
import { open, parseUrl } from '../database';
import { examples } from '../examples';
import { formatResult } from '../move-report';
import { batchCharacters, RowProgress } from '../row-progress';
import { integerFrom } from '../parse-integer';
import type { Terminal } from '../terminal';

interface MoveArguments extends JsonOption {
  readonly from: string;
  readonly to?: string;
  readonly batch: number;
}

interface MoveDatabases {
  readonly source: SqliteFile;
  readonly target: LocatedDatabase<PostgresqlLocation>;
}

const details = `
The move copies the state of the SQLite database at its start. Later changes are not moved, so stop the services that
write first. The SQLite database is not changed.

On PostgreSQL, the move is one transaction: an interrupted or failed move changes nothing. Before the commit, it reads
all rows of both databases and compares, for each table, the number of rows and a SHA-256 over them in the order of the
primary key. The hash covers each row as a JSON array of its values and a line feed, with times in milliseconds since
1970. The move prints both and commits only if they are equal.

If PostgreSQL rejects a row, the move reports its table and key, and nothing is moved. For example, PostgreSQL limits an
indexed value such as a name to about 2,700 bytes.

Unless the command prints how many rows were moved, nothing was moved.`;

/** Adds the command `move`, which copies a SQLite database to PostgreSQL. */
export function addMove(program: Command): void {
  const command = program
    .command('move')
    .summary('copy a SQLite database to PostgreSQL')
    .description('Copies a SQLite database to an empty PostgreSQL database and compares the two.')
    .option('--from <url>', 'SQLite database, with the schema of this version', 'file:./ans_database.sqlite')
    .option(
      '--to <url>',
      'PostgreSQL database (default: DATABASE_URL); the command creates the tables if they are missing. Other users of the machine can see a password in an argument: put a URL with a password into DATABASE_URL, or the password into PGPASSWORD or ~/.pgpass',
    )
    .option('--batch <n>', 'rows in memory and in one statement, 1 to 100000', integerFrom(1, 100_000), 1000)
    .addHelpText(
      'after',
      examples([
        'DATABASE_URL=postgresql://ans:secret@db.example/ans npx ans-database move --from file:./ans_database.sqlite',
        'moves the directory of one machine to a server',
      ]) + details,
    );
  addAction(command, async (_, terminal) => {
    const { from, to, batch, json } = command.opts<MoveArguments>();
    const { source, target } = locateMove(from, to);
    const { moveBetween } = await import('../../move/move-between.js');
    const limits = { rows: batch, characters: batchCharacters };
    const start = performance.now();
    const result = await moveBetween(source, target, { limits, observer: new RowProgress(terminal) });
    const lines = formatResult(result, performance.now() - start, terminal);
    if (result.isSame && json !== true) lines.push(...(await describeTarget(target.url, terminal)));
    return { json: result, lines, exitCode: result.isSame ? 0 : 1 };
  });
}

/**
 * Returns the source and the target of the command `move`. Without `to`, the target is the database of DATABASE_URL.
 *
 * @throws CommandError when a URL is invalid or names another kind of database.
 */
export function locateMove(from: string, to: string | undefined): MoveDatabases {
  const url = to ?? process.env['DATABASE_URL'];
  if (url === undefined) throw new CommandError('specify the PostgreSQL database with --to or DATABASE_URL');
  const source = parseUrl(from, '--from');
  if (source.kind !== 'file') throw new CommandError('--from must be a SQLite database: file:PATH');
  const option = to === undefined ? 'DATABASE_URL' : '--to';
  const target = parseUrl(url, option);
  if (target.kind !== 'postgresql') throw new CommandError(`${option} must be a PostgreSQL database: postgresql://...`);
  return { source: { url: from, location: source }, target: { url, location: target } };
}

async function describeTarget(url: string, { style }: Terminal): Promise<string[]> {
  const { describeContents } = await import('../../console/contents.js');
  await using db = await open(url, 'verify');
  const contents = await describeContents(db);
  return [style.bold('The PostgreSQL database now has'), ...contents.map((line) => `  ${line}`)];
}
