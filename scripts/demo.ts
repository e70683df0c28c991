import type { DatabaseService } from '../src';
import { formatAmount, formatDuration } from './console/format';
import { defaultDatabaseUrl, openDatabase } from './console/open-database';
import { runScript, ScriptError } from './console/run-script';
import { createStyle } from './console/style';
import { formatTable, type Column } from './console/table';
import type { Question } from './demo/question';
import { createQuestions } from './demo/questions';
import { registerAll, type Registered, type Tally } from './demo/register';
import { rollBack } from './demo/rollback';

const lineWidth = 100;
const indent = '    ';
/** Of an answer; a database in which more was imported may give many. */
const mostRows = 8;
const style = createStyle(process.stdout, process.env);

/** Fills a database with something to find, finds it, and shows both. Can be run again on the same database. */
async function main(): Promise<void> {
  const url = defaultDatabaseUrl();
  await using db = await openDatabase(url);
  const now = new Date();
  const start = performance.now();
  const registered = await registerAll(db, now);
  printRegistered(url, registered, performance.now() - start);

  const presented = registered.certificateOf.get('Lingua Labs');
  if (presented === undefined) throw new ScriptError('this Node trusts too few certificate authorities for the demo');
  for (const [index, question] of createQuestions(now, presented).entries()) await printAnswer(db, index + 1, question);
  await printRollback(db);
  printNextSteps();
}

function printRegistered(url: string, { certificates, agents, events }: Registered, durationMs: number): void {
  const row = (kind: string, { added, alreadyThere }: Tally, what: string): string[] => [
    kind,
    String(added),
    String(alreadyThere),
    what,
  ];
  print(style.bold('The directory of an Agent Name Service, in one SQLite file'));
  print(`${style.dim('database')}  ${url}`);
  print('');
  printTable(
    [
      { title: 'kind' },
      { title: 'new', align: 'right' },
      { title: 'already there', align: 'right' },
      { title: 'what' },
    ],
    [
      row('certificates', certificates, 'the authorities that this Node trusts, real ones'),
      row('agents', agents, 'invented; each presents one of those certificates'),
      row('events', events, 'invented'),
    ],
  );
  print(style.dim(`${indent}in one transaction, ${formatDuration(durationMs)}`));
}

async function printAnswer(
  db: DatabaseService,
  number: number,
  { title, call, columns, ask }: Question,
): Promise<void> {
  const start = performance.now();
  const rows = await ask(db);
  const durationMs = performance.now() - start;
  print('');
  print(`${style.dim(`${number}.`.padStart(3))} ${style.bold(title)}`);
  for (const line of call.split('\n')) print(indent + style.accent(line));
  print('');
  if (rows.length > 0) printTable(columns, rows.slice(0, mostRows));
  if (rows.length > mostRows) print(style.dim(`${indent}… and ${rows.length - mostRows} more`));
  print(style.dim(`${indent}${formatAmount(rows.length, 'record')}, ${formatDuration(durationMs)}`));
}

async function printRollback(db: DatabaseService): Promise<void> {
  const moments = await rollBack(db);
  print('');
  print(`  ${style.dim('*')} ${style.bold('A transaction that ends in an error leaves nothing behind')}`);
  print(indent + style.accent('db.transaction(async (tx) => {'));
  print(indent + style.accent("  await tx.updateAgent({ id: 'demo/customs', status: 'SUSPENDED' });"));
  print(indent + style.accent("  await tx.createAgent({ ...agent, id: 'demo/never-registered' });"));
  print(indent + style.accent("  throw new Error('the operator changed her mind');"));
  print(indent + style.accent('})'));
  print('');
  printTable([{ title: 'the two agents' }, { title: 'in the transaction' }, { title: 'for everybody else' }], moments);
}

function printNextSteps(): void {
  print('');
  print(style.bold('What to do next'));
  printTable(
    [{ title: 'command' }, { title: 'what it does' }],
    [
      ['npm run studio', 'browse all of it in Prisma Studio'],
      ['npm run import -- FILE.jsonl', 'load agents or certificates of your own (--help says how)'],
      ['npm start', 'the same again: everything is there already, nothing is lost'],
    ],
  );
}

function printTable(columns: readonly Column[], rows: readonly (readonly string[])[]): void {
  const [titles, ...lines] = formatTable(columns, rows, lineWidth - indent.length);
  print(indent + style.dim(titles));
  for (const line of lines) print(indent + line);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

void runScript('npm start', main);
