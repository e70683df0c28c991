import { fitText, textWidth } from './text-width';

/** Column of a table. */
export interface Column {
  readonly title: string;
  /**
   * Alignment of the values in the column.
   *
   * @defaultValue 'left'
   */
  readonly align?: 'left' | 'right';
}

const gap = '  ';
const minColumnWidth = 6;

/**
 * Formats a table as lines of text. The first line contains the titles. Makes the widest columns narrower if the table
 * is wider than `width`.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): [titles: string, ...rows: string[]] {
  const titles = columns.map(({ title }) => title.toUpperCase());
  const widths = fitWidths(
    columns.map((_, index) => Math.max(...[titles, ...rows].map((row) => textWidth(row[index] ?? '')))),
    width - gap.length * (columns.length - 1),
  );
  const format = (row: readonly string[]): string =>
    columns
      .map(({ align }, index) => pad(row[index] ?? '', widths[index] ?? 0, align))
      .join(gap)
      .trimEnd();
  return [format(titles), ...rows.map(format)];
}

function fitWidths(wanted: readonly number[], available: number): number[] {
  const widths = [...wanted];
  for (let excess = sum(widths) - available; excess > 0; excess -= 1) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= minColumnWidth) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

function pad(text: string, width: number, align: Column['align']): string {
  const fitting = fitText(text, width);
  const padding = ' '.repeat(Math.max(0, width - textWidth(fitting)));
  return align === 'right' ? padding + fitting : fitting + padding;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
