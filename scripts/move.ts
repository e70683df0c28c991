import { parseArgs } from 'node:util';
import { Progress } from './console/progress';
import { runScript, ScriptError } from './console/run-script';
import { createStyle } from './console/style';
import { moveBetween } from './move/move-between';
import type { MoveObserver } from './move/move-database';
import { formatResult } from './move/report';

const usage = `Usage: npm run move -- [--from file:PATH] [--to postgresql://...] [--batch N]

Moves a SQLite database to an empty PostgreSQL database, and compares the two.

  --from URL   the SQLite database (default: file:./ans_database.sqlite); it must have this version's schema
  --to URL     the PostgreSQL database (default: DATABASE_URL); the schema is made there unless it is there already
  --batch N    rows in memory, and in one statement, 1 to 100000 (default: 1000)
  --help       this text

npm, and lists of processes, show a password that is given on the command line: give it in DATABASE_URL, in PGPASSWORD
or in ~/.pgpass instead.

What is moved is the SQLite database as it was when the move began. What is written to it afterwards is not moved, so stop
the services that write first. The SQLite database is left as it is.

On PostgreSQL everything is one transaction: all of it is there in the end, or nothing, also when the move is interrupted.
Before the end all rows are read back, and compared with those of SQLite: for each table their number, and a SHA-256 over
them in the order of the primary key, each as a JSON array of its values and a line feed (times in milliseconds since
1970). Both are printed; where they differ, nothing is moved.

A row that PostgreSQL cannot take is told by its table and key, and nothing is moved: a value that is in an index, such as
a name, may have about 2,700 bytes there.

Exit code: 0 when everything was moved and is the same; 1 when nothing was.`;

/** So much text in one statement is enough, however few rows it is. */
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
  if (positionals.length > 0) throw new ScriptError('the databases are given as --from and --to; --help says more');
  const limits = { rows: parseBatchSize(values.batch), characters: batchCharacters };
  const to = values.to ?? process.env['DATABASE_URL'];
  if (to === undefined) {
    throw new ScriptError('name the PostgreSQL database with --to or DATABASE_URL; --help says more');
  }
  const start = performance.now();
  const result = await moveBetween(values.from, to, { limits, observer: new MoveProgress() });
  if (!result.isSame) process.exitCode = 1;
  const style = createStyle(process.stdout, process.env);
  for (const line of formatResult(result, performance.now() - start, style)) console.log(line);
}

/** Shows how far the move is. */
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

function parseBatchSize(text: string): number {
  const size = Number(text);
  if (!Number.isInteger(size) || size < 1 || size > 100_000) {
    throw new ScriptError('--batch must be an integer from 1 to 100000');
  }
  return size;
}

void runScript('move', main);
