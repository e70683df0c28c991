import { stat } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { DatabaseService, isDatabaseError } from '../src';
import { Failure } from '../src/errors/failure';
import { parseDatabaseUrl, type DatabaseLocation, type PostgresqlLocation } from '../src/options/database-url';
import { Progress } from './console/progress';
import { runScript, ScriptError } from './console/run-script';
import { createStyle } from './console/style';
import type { BatchLimits } from './move/batches';
import { moveDatabase, type MoveObserver, type MoveResult } from './move/move-database';
import { toScriptError } from './move/postgresql-error';
import { PostgresqlTarget } from './move/postgresql-target';
import { formatResult } from './move/report';
import { SqliteSource } from './move/sqlite-source';

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
  // What was given may hold a password, so it is not shown.
  if (positionals.length > 0) throw new ScriptError('the databases are given as --from and --to; --help says more');
  const limits: BatchLimits = { rows: parseBatchSize(values.batch), characters: batchCharacters };
  const path = sqlitePath(values.from);
  const to = values.to ?? process.env['DATABASE_URL'];
  if (to === undefined)
    throw new ScriptError('name the PostgreSQL database with --to or DATABASE_URL; --help says more');
  const target = postgresqlLocation(to);

  const start = performance.now();
  await prepareSource(values.from, path);
  using source = SqliteSource.open(path);
  const result = await moveTo(target, source, limits).catch((error: unknown) => {
    throw toScriptError(error);
  });
  if (!result.isSame) process.exitCode = 1;
  const style = createStyle(process.stdout, process.env);
  const width = process.stdout.isTTY ? process.stdout.columns : 120;
  for (const line of formatResult(result, performance.now() - start, width, style)) console.log(line);
}

async function moveTo(location: PostgresqlLocation, source: SqliteSource, limits: BatchLimits): Promise<MoveResult> {
  await using target = await PostgresqlTarget.connect(location);
  // Not even the schema of a database in use is touched.
  await target.refuseUnlessEmpty(await target.tables(source.tableNames()));
  const db = new DatabaseService({ url: location.connectionString, migrations: 'apply' });
  await db.initialize();
  await db.close();
  return await moveDatabase(source, target, limits, new MoveProgress());
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
    throw new ScriptError('--batch must be a whole number from 1 to 100000');
  }
  return size;
}

function sqlitePath(url: string): string {
  const location = parseUrl(url, '--from');
  if (location.kind !== 'file') throw new ScriptError('--from must be a SQLite database: file: and a path');
  return location.path;
}

function postgresqlLocation(url: string): PostgresqlLocation {
  const location = parseUrl(url, '--to');
  if (location.kind !== 'postgresql') throw new ScriptError('--to must be a PostgreSQL database: postgresql://...');
  return location;
}

function parseUrl(url: string, option: string): DatabaseLocation {
  try {
    return parseDatabaseUrl(url);
  } catch (error) {
    if (error instanceof Failure) throw new ScriptError(error.message.replace(/^url/, option));
    throw error;
  }
}

/** Looks whether the database has the schema, and has the package complete the rows that a migration left incomplete. */
async function prepareSource(url: string, path: string): Promise<void> {
  // Opening it would make one.
  const stats = await stat(path).catch(() => undefined);
  if (!stats?.isFile()) throw new ScriptError(`${path} is no file that can be read`);
  const db = new DatabaseService({ url, migrations: 'verify' });
  try {
    await db.initialize();
  } catch (error) {
    if (!isDatabaseError(error) || error.code !== 'SCHEMA_OUTDATED') throw error;
    const advice = 'bring it up to date first: initialize() of the package does, or npx prisma migrate deploy';
    throw new ScriptError(`${error.message} (${error.code}); ${advice}`);
  }
  await db.close();
}

void runScript('move', main);
