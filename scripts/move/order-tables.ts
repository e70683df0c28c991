import { ScriptError } from '../console/run-script';
import type { Column, Table } from './table';

/** The tables, each behind those that it refers to; a table may refer to itself. */
export function orderTables(tables: readonly Table[]): Table[] {
  const names = new Set(tables.map(({ name }) => name));
  const ordered: Table[] = [];
  const isReady = (table: Table): boolean =>
    table.references.every(
      ({ table: name }) => name === table.name || !names.has(name) || ordered.some((before) => before.name === name),
    );
  while (ordered.length < tables.length) {
    const waiting = tables.filter((table) => !ordered.includes(table));
    const ready = waiting.filter(isReady);
    if (ready.length === 0) {
      throw new ScriptError(`tables that refer to each other cannot be moved: ${waiting.map(byName).join(', ')}`);
    }
    ordered.push(...ready);
  }
  return ordered;
}

/**
 * The columns that lead to rows of the same table. They are set when all of its rows are there, so that the rows need no
 * order of their own.
 */
export function ownReferences({ name, columns, references }: Table): Column[] {
  const own = new Set(references.filter(({ table }) => table === name).flatMap((reference) => reference.columns));
  return columns.filter((column) => own.has(column.name));
}

function byName({ name }: Table): string {
  return name;
}
