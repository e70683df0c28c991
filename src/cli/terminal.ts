import { Progress } from '../console/progress';
import { createStyle, type Style } from '../console/style';
import { formatTable, type Column } from '../console/table';
import { fitText } from '../console/text-width';

/** Width of tables in characters, so large that no value is truncated. A narrow terminal wraps the lines. */
const tableWidth = 1000;

/** Output of a command. Its form depends on whether the reader is a terminal, a file or another program. */
export class Terminal {
  readonly style: Style = createStyle(process.stdout, process.env);
  readonly #showsProgress: boolean;

  /**
   * Creates the output of a command.
   *
   * @param asJson - true when the output must be JSON only.
   */
  constructor(asJson: boolean) {
    this.#showsProgress = process.stderr.isTTY && !asJson;
  }

  /**
   * Formats rows as a table for a terminal. For any other output, formats them as lines with tabs between the values.
   */
  table(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
    if (!process.stdout.isTTY) return rows.map((row) => row.map((value) => fitText(value, Infinity)).join('\t'));
    const [titles, ...lines] = formatTable(columns, rows, tableWidth);
    return [this.style.dim(titles), ...lines];
  }

  /** Creates a progress bar; undefined when the output is not a terminal. */
  progress(total: number, title?: string, describeAmount?: (amount: number) => string): Progress | undefined {
    return this.#showsProgress ? new Progress(process.stderr, total, title, describeAmount) : undefined;
  }
}
