import { formatAmount, formatCount, formatDuration } from '../console/format';
import type { Style } from '../console/style';
import { formatTable } from '../console/table';
import { isSameContent } from './content';
import type { MoveResult } from './move-database';

/** As many digits of a hash as people compare; the script compares all of them. */
const hashDigits = 16;

/** Enough for everything: a hash that is cut off says nothing, so that a narrow terminal has to wrap the lines. */
const tableWidth = 1000;

const columns = [
  { title: 'table' },
  { title: 'SQLite rows', align: 'right' },
  { title: 'PostgreSQL rows', align: 'right' },
  { title: 'SQLite SHA-256' },
  { title: 'PostgreSQL SHA-256' },
  { title: '' },
] as const;

/** The lines that a move ends with. */
export function formatResult(result: MoveResult, durationMs: number, style: Style): string[] {
  const rows = result.tables.map(({ name, source, target }) => [
    name,
    formatCount(source.rows),
    formatCount(target.rows),
    source.sha256.slice(0, hashDigits),
    target.sha256.slice(0, hashDigits),
    isSameContent(source, target) ? 'same' : 'DIFFERENT',
  ]);
  const [titles, ...lines] = formatTable(columns, rows, tableWidth);
  const marked = lines.map((line, index) => (rows[index]?.at(-1) === 'same' ? line : style.warning(line)));
  return [style.dim(titles), ...marked, '', ...formatOutcome(result, durationMs, style)];
}

function formatOutcome(
  { tables, isSame, leftBehind, hasChanged }: MoveResult,
  durationMs: number,
  style: Style,
): string[] {
  if (!isSame) return [style.warning('The databases differ: nothing was moved.')];
  const count = tables.reduce((sum, { source }) => sum + source.rows, 0);
  const lines = [
    style.bold(`${formatAmount(count, 'row')} moved in ${formatDuration(durationMs)}, the same on both sides`),
  ];
  if (leftBehind.length > 0) {
    lines.push(style.warning(`Not moved, as they are none of the package's tables: ${leftBehind.join(', ')}`));
  }
  if (hasChanged) lines.push(style.warning('The SQLite database was written to meanwhile: that was not moved.'));
  return lines;
}
