import { formatAmount, formatDuration } from '../src/console/format';
import { defaultDatabaseUrl, openDatabase } from './console/open-database';
import { runScript } from './console/run-script';
import { createStyle } from '../src/console/style';
import { formatTable, type Column } from '../src/console/table';
import { readDemoData } from './demo/data';
import { ask, sourceOf, type Question } from './demo/question';
import { countByOwner, reportSource } from './demo/report';
import { registerAll, type Tallies } from './demo/register';
import { rollbackSource, showRollback } from './demo/rollback';

const lineWidth = 100;
const indent = '    ';
/** Maximum number of shown records. A database with imported agents may contain many. */
const maxRows = 8;
const style = createStyle(process.stdout, process.env);

/**
 * Registers the records of the demo, unless an earlier run has registered them. Then shows the results of some calls.
 */
async function main(): Promise<void> {
  const url = defaultDatabaseUrl();
  const data = readDemoData(new Date());
  await using db = await openDatabase(url);
  print(style.bold('The directory of an Agent Name Service'));
  print(`${style.dim('database')}  ${url}\n`);
  const start = performance.now();
  printTallies(await registerAll(db, data), performance.now() - start);
  for (const [index, question] of data.questions.entries()) {
    printCode(`${index + 1}.`, question.title, sourceOf(question));
    const asked = performance.now();
    printRows(question, await ask(db, question), performance.now() - asked);
  }
  printCode('*', 'A transaction that fails changes nothing', rollbackSource);
  printTable(['two agents', 'inside the transaction', 'outside'], await showRollback(db));
  printCode('*', 'A report through Prisma Client', reportSource);
  printTable(['owner', { title: 'agents', align: 'right' }], (await countByOwner(db)).slice(0, maxRows));
  printNextSteps();
}

function printTallies({ certificates, agents, events }: Tallies, durationMs: number): void {
  const columns = ['kind', { title: 'new', align: 'right' }, { title: 'existing', align: 'right' }, ''] as const;
  printTable(columns, [
    ['certificates', String(certificates.added), String(certificates.existing), 'real root certificates'],
    ['agents', String(agents.added), String(agents.existing), 'invented; each presents one of the certificates'],
    ['events', String(events.added), String(events.existing), 'invented'],
  ]);
  print(style.dim(`${indent}in one transaction, ${formatDuration(durationMs)}`));
}

function printCode(mark: string, title: string, source: string): void {
  print(`\n${style.dim(mark.padStart(3))} ${style.bold(title)}`);
  for (const line of source.split('\n')) print(indent + style.accent(line));
  print('');
}

function printRows({ columns }: Question, rows: readonly string[][], durationMs: number): void {
  // Converts the names of fields: "defaultEndpoint.address" becomes "DEFAULT ENDPOINT ADDRESS".
  const titles = columns.map((column) => column.replaceAll('.', ' ').replaceAll(/[A-Z]/g, ' $&'));
  if (rows.length > 0) printTable(titles, rows.slice(0, maxRows));
  if (rows.length > maxRows) print(style.dim(`${indent}… and ${rows.length - maxRows} more`));
  print(style.dim(`${indent}${formatAmount(rows.length, 'record')}, ${formatDuration(durationMs)}`));
}

function printNextSteps(): void {
  print(`\n${style.bold('Next steps')}`);
  printTable(
    ['command', ''],
    [
      ['npm run studio', 'browse the database in Prisma Studio'],
      ['npm run import -- FILE.jsonl', 'import your own agents or certificates: see --help'],
      ['npm start', 'run the demo again: it changes nothing that exists'],
    ],
  );
}

function printTable(columns: readonly (string | Column)[], rows: readonly (readonly string[])[]): void {
  const titled = columns.map((column) => (typeof column === 'string' ? { title: column } : column));
  const [titles, ...lines] = formatTable(titled, rows, lineWidth - indent.length);
  print(indent + style.dim(titles));
  for (const line of lines) print(indent + line);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

void runScript('npm start', main);
