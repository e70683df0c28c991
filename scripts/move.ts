import { parseArgs } from 'node:util';
import { describeContents } from './console/contents';
import { openDatabase } from './console/open-database';
import { parseInteger } from './console/parse-integer';
import { Progress } from './console/progress';
import { runScript, ScriptError } from './console/run-script';
import { createStyle } from './console/style';
import { moveBetween } from './move/move-between';
import type { MoveObserver } from './move/move-database';
import { formatResult } from './move/report';

const usage = `Usage: npm run move -- [--from file:PATH] [--to postgresql://...] [--batch N]

Copies a SQLite database to an empty PostgreSQL database and compares the two.

  --from URL   the SQLite database (default: file:./ans_database.sqlite); it must have the schema of this version
  --to URL     the PostgreSQL database (default: DATABASE_URL); the script creates the schema if it is missing
  --batch N    rows in memory and in one statement, 1 to 100000 (default: 1000)
  --help       print this text

Do not put a password on the command line: npm and lists of processes show it. Use DATABASE_URL, PGPASSWORD or
~/.pgpass.

The script copies the state of the SQLite database at the start of the move. Later changes are not moved, so stop the
services that write first. The SQLite database is not changed.

On PostgreSQL, the move is one transaction: an interrupted or failed move changes nothing. Before the commit, the
script reads all rows of both databases and compares, for each table, the number of rows and a SHA-256 over them in
the order of the primary key. The hash covers each row as a JSON array of its values and a line feed, with times in
milliseconds since 1970. The script prints both and commits only if they are equal.

If PostgreSQL rejects a row, the script reports its table and key, and nothing is moved. For example, PostgreSQL
limits an indexed value such as a name to about 2,700 bytes.

Exit code: 0 when all rows were moved and are the same; otherwise 1. Unless the script prints how many rows were moved,
nothing was moved.`;

/** Maximum number of characters in one statement; long rows make a batch smaller. */
const batchCharacters = 4_000_000;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      from: { type: 'string', default: 'file:./ans_database.sqlite' },
      to: { type: 'string' },
      batch: { type: 'string', default: '1000' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  // The arguments may contain a password, so they are not shown.
  if (positionals.length > 0) throw new ScriptError('specify the databases with --from and --to; see --help');
  const limits = { rows: parseInteger(values.batch, '--batch', 1, 100_000), characters: batchCharacters };
  const to = values.to ?? process.env['DATABASE_URL'];
  if (to === undefined) {
    throw new ScriptError('specify the PostgreSQL database with --to or DATABASE_URL; see --help');
  }
  const start = performance.now();
  const result = await moveBetween(values.from, to, { limits, observer: new MoveProgress() });
  if (!result.isSame) process.exitCode = 1;
  const style = createStyle(process.stdout, process.env);
  for (const line of formatResult(result, performance.now() - start, style)) console.log(line);
  if (!result.isSame) return;
  console.log(style.bold('The PostgreSQL database now has'));
  await using db = await openDatabase(to);
  for (const line of await describeContents(db)) console.log(`  ${line}`);
}

/** Shows the progress of the move. */
class MoveProgress implements MoveObserver {
  #progress: Progress | undefined;
  #rows = 0;

  readonly begin: MoveObserver['begin'] = (title, rows) => {
    this.#progress = new Progress(process.stderr, rows, title);
    this.#rows = 0;
  };

  readonly advance: MoveObserver['advance'] = (rows) => {
    this.#rows += rows;
    this.#progress?.update(this.#rows, this.#rows);
  };

  readonly end: MoveObserver['end'] = () => this.#progress?.end();
}

void runScript('move', main);
