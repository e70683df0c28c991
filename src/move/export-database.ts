import { createHash } from 'node:crypto';
import type { BatchLimits } from './batches';
import { exportedTables, headerOf, lineOf, type ExportTrailer } from './export-format';
import type { MoveObserver } from './move-database';
import { orderTables } from './order-tables';
import type { Row, Table } from './table';

/** Snapshot of a database to export. */
export interface ExportSource {
  tables(names: readonly string[]): readonly Table[] | Promise<readonly Table[]>;
  count(table: Table): number | Promise<number>;
  lastNumber(table: Table): number | Promise<number>;
  batches(table: Table, limits: BatchLimits): Iterable<Row[]> | AsyncIterable<Row[]>;
}

/**
 * Writes all tables of a snapshot as lines of JSON. SQLite and PostgreSQL databases with the same content give the same
 * bytes.
 *
 * @param write - appends a text to the output, in UTF-8.
 */
export async function exportDatabase(
  source: ExportSource,
  write: (text: string) => Promise<void>,
  limits: BatchLimits,
  observer: Pick<MoveObserver, 'advance' | 'end'> & { readonly begin: (title: 'exporting', rows: number) => void },
): Promise<ExportTrailer> {
  const tables = orderTables(await source.tables(exportedTables));
  let total = 0;
  for (const table of tables) total += await source.count(table);
  observer.begin('exporting', total);

  const hash = createHash('sha256');
  const writeHashed = async (text: string): Promise<void> => {
    hash.update(text);
    await write(text);
  };
  await writeHashed(`${JSON.stringify(headerOf(tables))}\n`);
  const [rows, lastNumbers]: [Record<string, number>, Record<string, number>] = [{}, {}];
  for (const table of tables) {
    rows[table.name] = 0;
    for await (const batch of source.batches(table, limits)) {
      await writeHashed(batch.map((row) => `${lineOf(table, row)}\n`).join(''));
      rows[table.name] = (rows[table.name] ?? 0) + batch.length;
      observer.advance(batch.length);
    }
    if (table.columns.some(({ isNumbered }) => isNumbered)) lastNumbers[table.name] = await source.lastNumber(table);
  }
  const trailer: ExportTrailer = { rows, lastNumbers, sha256: hash.digest('hex') };
  await write(`${JSON.stringify(trailer)}\n`);
  observer.end();
  return trailer;
}
