import { formatAmount, formatCount, formatDuration } from '../console/format';
import type { Style } from '../console/style';

/** Maximum number of line numbers to report for each reason. */
const mostLineNumbers = 5;

/** The lines that were refused for one reason: as many as they are, they take no more memory. */
interface Refusals {
  count: number;
  readonly firstLines: number[];
}

/** Results of the lines of a file. */
export class Summary {
  readonly loaded = { agent: 0, certificate: 0 };
  alreadyThere = 0;
  endpointsSetAside = 0;
  emptyCapabilities = 0;
  readonly #refusals = new Map<string, Refusals>();

  refuse(reason: string, lineNumber: number): void {
    // The index of a list element does not matter for other lines.
    const key = reason.replaceAll(/\[\d+\]/g, '[…]');
    const refusals = this.#refusals.get(key) ?? { count: 0, firstLines: [] };
    this.#refusals.set(key, refusals);
    refusals.count += 1;
    if (refusals.firstLines.length < mostLineNumbers) refusals.firstLines.push(lineNumber);
  }

  get refused(): number {
    return [...this.#refusals.values()].reduce((total, { count }) => total + count, 0);
  }

  get total(): number {
    return this.loaded.agent + this.loaded.certificate + this.alreadyThere + this.refused;
  }

  /** The lines to end an import with. */
  format(durationMs: number, style: Style): string[] {
    const { agent, certificate } = this.loaded;
    const rate = `${formatCount(this.total / (durationMs / 1000))} rows/s`;
    const lines = [
      style.bold(`${formatAmount(this.total, 'row')} in ${formatDuration(durationMs)}, ${rate}`),
      `  loaded         ${formatAmount(agent, 'agent')}, ${formatAmount(certificate, 'certificate')}`,
      `  already there  ${formatCount(this.alreadyThere)}`,
      `  refused        ${formatCount(this.refused)}`,
    ];
    for (const [reason, refusals] of this.#refusals) {
      lines.push(style.warning(`    ${reason}: ${describe(refusals)}`));
    }
    return [...lines, ...this.#formatNotes()];
  }

  #formatNotes(): string[] {
    const notes: string[] = [];
    const endpoints = formatAmount(this.endpointsSetAside, 'endpoint');
    if (this.endpointsSetAside > 0) notes.push(`  ${endpoints} without a port: kept as "import.endpointsWithoutPort"`);
    const empty = formatCount(this.emptyCapabilities);
    if (this.emptyCapabilities > 0) notes.push(`  ${empty} without a name left out of capabilities`);
    return notes;
  }
}

function describe({ count, firstLines }: Refusals): string {
  const more = count - firstLines.length;
  const rest = more > 0 ? ` and ${formatCount(more)} more` : '';
  return `${count === 1 ? 'line' : 'lines'} ${firstLines.join(', ')}${rest}`;
}
