import { formatAmount, formatCount, formatDuration } from '../console/format';
import type { Style } from '../console/style';
import { isSameContent } from '../move/content';
import type { MoveResult } from '../move/move-database';
import type { Terminal } from './terminal';

/** Number of digits of a table's hash that are shown. The move compares all digits. */
const hashDigits = 16;

const columns = [
  { title: 'table' },
  { title: 'SQLite rows', align: 'right' },
  { title: 'PostgreSQL rows', align: 'right' },
  { title: 'SQLite SHA-256' },
  { title: 'PostgreSQL SHA-256' },
  { title: '' },
] as const;

/** Formats the result of the command `move` for people. */
export function formatResult(result: MoveResult, durationMs: number, terminal: Terminal): string[] {
  const rows = result.tables.map(({ name, source, target }) => [
    name,
    formatCount(source.rows),
    formatCount(target.rows),
    source.sha256.slice(0, hashDigits),
    target.sha256.slice(0, hashDigits),
    isSameContent(source, target) ? 'same' : 'DIFFERENT',
  ]);
  const lines = terminal
    .table(columns, rows)
    .map((line) => (line.endsWith('DIFFERENT') ? terminal.style.warning(line) : line));
  return [...lines, '', ...formatOutcome(result, durationMs, terminal.style)];
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
