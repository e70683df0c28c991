import { formatAmount, formatCount, formatDuration } from '../console/format';
import type { Style } from '../console/style';
import { formatTable } from '../console/table';
import { isSameContent } from './content';
import type { MoveResult } from './move-database';

/** Number of shown digits of a hash; the script compares all digits. */
const hashDigits = 16;

/** Wide enough for all columns: a narrow terminal wraps the lines, because a truncated hash would be useless. */
const tableWidth = 1000;

const columns = [
  { title: 'table' },
  { title: 'SQLite rows', align: 'right' },
  { title: 'PostgreSQL rows', align: 'right' },
  { title: 'SQLite SHA-256' },
  { title: 'PostgreSQL SHA-256' },
  { title: '' },
] as const;

/** Formats the result of a move for the terminal. */
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
  { tables, isSame, skipped, hasChanged }: MoveResult,
  durationMs: number,
  style: Style,
): string[] {
  if (!isSame) return [style.warning('The databases differ: nothing was moved.')];
  const count = tables.reduce((sum, { source }) => sum + source.rows, 0);
  const lines = [
    style.bold(`${formatAmount(count, 'row')} moved in ${formatDuration(durationMs)}, the same on both sides`),
  ];
  if (skipped.length > 0) {
    lines.push(style.warning(`Not moved, because these tables do not belong to the package: ${skipped.join(', ')}`));
  }
  if (hasChanged)
    lines.push(style.warning('The SQLite database was changed during the move: these changes were not moved.'));
  return lines;
}
