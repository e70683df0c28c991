import { formatAmount, formatCount, formatDuration } from '../../src/console/format';
import type { Style } from '../../src/console/style';

/** Maximum number of line numbers to report for each reason. */
const maxLineNumbers = 5;

/** Lines that were refused for one reason. Stores only the first line numbers, to limit the memory. */
interface Refusals {
  count: number;
  readonly firstLines: number[];
}

/** Counts the results of the lines of an imported file. */
export class Summary {
  readonly loaded = { agent: 0, certificate: 0 };
  existing = 0;
  endpointsWithoutPort = 0;
  emptyCapabilities = 0;
  readonly #refusals = new Map<string, Refusals>();

  refuse(reason: string, lineNumber: number): void {
    // Replaces the index of a list element, because lines that differ only in this index have the same reason.
    const key = reason.replaceAll(/\[\d+\]/g, '[…]');
    const refusals = this.#refusals.get(key) ?? { count: 0, firstLines: [] };
    this.#refusals.set(key, refusals);
    refusals.count += 1;
    if (refusals.firstLines.length < maxLineNumbers) refusals.firstLines.push(lineNumber);
  }

  get refused(): number {
    return [...this.#refusals.values()].reduce((total, { count }) => total + count, 0);
  }

  get total(): number {
    return this.loaded.agent + this.loaded.certificate + this.existing + this.refused;
  }

  /** Formats the results of the import for the terminal. */
  format(durationMs: number, style: Style): string[] {
    const { agent, certificate } = this.loaded;
    const rate = `${formatCount(this.total / (durationMs / 1000))} rows/s`;
    const lines = [
      style.bold(`${formatAmount(this.total, 'row')} in ${formatDuration(durationMs)}, ${rate}`),
      `  imported  ${formatAmount(agent, 'agent')}, ${formatAmount(certificate, 'certificate')}`,
      `  existing  ${formatCount(this.existing)}`,
      `  refused   ${formatCount(this.refused)}`,
    ];
    for (const [reason, refusals] of this.#refusals) {
      lines.push(style.warning(`    ${reason}: ${describe(refusals)}`));
    }
    return [...lines, ...this.#formatNotes()];
  }

  #formatNotes(): string[] {
    const notes: string[] = [];
    const endpoints = formatAmount(this.endpointsWithoutPort, 'endpoint');
    if (this.endpointsWithoutPort > 0)
      notes.push(`  ${endpoints} without a port became the metadata "import.endpointsWithoutPort"`);
    const empty =
      this.emptyCapabilities === 1 ? '1 empty capability' : `${formatCount(this.emptyCapabilities)} empty capabilities`;
    if (this.emptyCapabilities > 0) notes.push(`  ${empty} omitted`);
    return notes;
  }
}

function describe({ count, firstLines }: Refusals): string {
  const more = count - firstLines.length;
  const rest = more > 0 ? ` and ${formatCount(more)} more` : '';
  return `${count === 1 ? 'line' : 'lines'} ${firstLines.join(', ')}${rest}`;
}
