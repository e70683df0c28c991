import type { Statement } from './statement';

/**
 * Maximum number of rows that one statement writes. On SQLite, a statement that writes so many rows blocks the event
 * loop for some milliseconds.
 */
export const chunkRows = 2000;

/** Divides rows into parts of at most {@link chunkRows} rows; returns an empty array when there are no rows. */
function chunksOf<T>(rows: readonly T[]): (readonly T[])[] {
  if (rows.length <= chunkRows) return rows.length === 0 ? [] : [rows];
  const chunks: (readonly T[])[] = [];
  for (let start = 0; start < rows.length; start += chunkRows) chunks.push(rows.slice(start, start + chunkRows));
  return chunks;
}

/**
 * Divides elements into parts whose total weight is at most {@link chunkRows}. The weight of an element is the number
 * of rows that a statement writes for the element. An element that alone exceeds the limit becomes a part of one
 * element.
 */
export function partsByWeight<T>(elements: readonly T[], weightOf: (element: T) => number): T[][] {
  const parts: T[][] = [];
  let weight = Infinity;
  for (const element of elements) {
    weight += weightOf(element);
    if (weight <= chunkRows) parts.at(-1)?.push(element);
    else {
      parts.push([element]);
      weight = weightOf(element);
    }
  }
  return parts;
}

/**
 * Returns the statements that write rows in parts. `toStatement` must return the same SQL text for any number of rows.
 * The values of the first part are computed at once, and those of each other part when the part is sent.
 */
export function statementsFor<T>(rows: readonly T[], toStatement: (rows: readonly T[]) => Statement): Statement[] {
  const [first, ...others] = chunksOf(rows);
  if (first === undefined) return [];
  const statement = toStatement(first);
  const { sql } = statement;
  const deferred = others.map((chunk) => ({
    sql,
    get args() {
      return toStatement(chunk).args;
    },
  }));
  return [statement, ...deferred];
}
