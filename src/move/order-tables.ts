import { MoveError } from './move-error';
import type { Column, Table } from './table';

/**
 * Sorts tables so that each table comes after all tables that it references. A table may also reference itself.
 *
 * @throws MoveError when tables reference each other in a cycle.
 */
export function orderTables(tables: readonly Table[]): Table[] {
  const names = new Set(tables.map(({ name }) => name));
  const ordered: Table[] = [];
  const isReady = (table: Table): boolean =>
    table.references.every(
      ({ table: name }) => name === table.name || !names.has(name) || ordered.some((earlier) => earlier.name === name),
    );
  while (ordered.length < tables.length) {
    const waiting = tables.filter((table) => !ordered.includes(table));
    const ready = waiting.filter(isReady);
    if (ready.length === 0) {
      throw new MoveError(`tables that reference each other cannot be moved: ${waiting.map(byName).join(', ')}`);
    }
    ordered.push(...ready);
  }
  return ordered;
}

/**
 * Returns the columns that reference rows of the same table. Insert the rows without these columns first and set the
 * columns afterwards, so that the order of the rows does not matter.
 */
export function selfReferences({ name, columns, references }: Table): Column[] {
  const names = new Set(references.filter(({ table }) => table === name).flatMap((reference) => reference.columns));
  return columns.filter((column) => names.has(column.name));
}

function byName({ name }: Table): string {
  return name;
}
