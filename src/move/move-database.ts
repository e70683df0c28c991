import { MoveError } from './move-error';
import type { BatchLimits } from './batches';
import { contentOf, isSameContent, type Content } from './content';
import { orderTables, selfReferences } from './order-tables';
import type { Row, Table } from './table';
import type { Source, Target } from './table-store';

/** Listener for the progress of a move, an import or an export. */
export interface MoveObserver {
  /** Called when work on `rows` rows begins. */
  readonly begin: (title: 'copying' | 'verifying', rows: number) => void;
  /** Called after work on `rows` further rows. */
  readonly advance: (rows: number) => void;
  readonly end: () => void;
}

/** Contents of one table in the source database and in the target database of a move. */
interface TableContents {
  readonly name: string;
  readonly source: Content;
  readonly target: Content;
}

/** Result of a move or an import. */
export interface MoveResult {
  readonly tables: readonly TableContents[];
  /** True when all copied tables are equal in both databases. When false, nothing was committed. */
  readonly isSame: boolean;
  /** Names of the tables in the source that were not copied, because the target does not have them. */
  readonly skipped: readonly string[];
  /** True when other connections wrote to the source during the move. */
  readonly hasChanged: boolean;
}

/**
 * Copies all tables that exist in both databases, and compares the copies with the originals. Commits only if they are
 * equal.
 */
export async function moveDatabase(
  source: Source,
  target: Target,
  limits: BatchLimits,
  observer: MoveObserver,
): Promise<MoveResult> {
  const names = source.tableNames();
  await target.begin();
  const tables = orderTables(await target.tables(names));
  requireSameColumns(source, tables);
  await target.lock(tables);
  await target.requireEmpty(tables);

  let rowCount = 0;
  for (const table of tables) rowCount += await source.count(table);
  observer.begin('copying', rowCount);
  for (const table of tables) await copyTable(source, target, table, limits, observer);
  observer.end();
  observer.begin('verifying', rowCount * 2);
  const contents: TableContents[] = [];
  for (const table of tables) {
    contents.push({
      name: table.name,
      source: await source.content(table, limits, observer.advance),
      target: await contentOf(target.batches(table, limits), observer.advance),
    });
  }
  observer.end();

  const isSame = contents.every((table) => isSameContent(table.source, table.target));
  if (isSame) {
    await target.analyze(tables);
    await target.commit();
  }
  return {
    tables: contents,
    isSame,
    skipped: names.filter((name) => tables.every((table) => table.name !== name)),
    hasChanged: source.hasChanged(),
  };
}

async function copyTable(
  source: Source,
  target: Target,
  table: Table,
  limits: BatchLimits,
  { advance }: MoveObserver,
): Promise<void> {
  const own = selfReferences(table);
  const withoutOwn = (row: Row): Row =>
    row.map((value, index) => (own.some((column) => column === table.columns[index]) ? null : value));
  await target.beginTable();
  for await (const rows of source.batches(table, limits)) {
    await target.insert(table, own.length === 0 ? rows : rows.map(withoutOwn));
    advance(rows.length);
  }
  if (table.columns.some(({ isNumbered }) => isNumbered))
    await target.continueSequence(table, await source.lastNumber(table));
  if (own.length === 0) return;
  const columns = table.columns.filter((column) => table.key.includes(column.name) || own.includes(column));
  const links: Table = { ...table, columns };
  const isLinked = (row: Row): boolean => own.some((column) => row[columns.indexOf(column)] !== null);
  await target.beginTable();
  for await (const rows of source.batches(links, limits)) {
    const linked = rows.filter(isLinked);
    if (linked.length > 0) await target.update(links, linked);
  }
}

/**
 * Rejects a column that only one of the two databases has. The application has added it, so this package does not know
 * its meaning.
 */
function requireSameColumns(source: Source, tables: readonly Table[]): void {
  for (const { name, columns } of tables) {
    const there = columns.map((column) => column.name);
    const here = source.columnNames(name);
    const others = [...here, ...there].filter((column) => !here.includes(column) || !there.includes(column));
    if (others.length === 0) continue;
    throw new MoveError(`table ${name} has columns that only one of the databases has: ${others.join(', ')}`);
  }
}
