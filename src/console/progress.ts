import { formatCount } from './format';

const barWidth = 30;
const intervalMs = 100;

/** Shows the progress of work on rows: as a bar on a terminal, otherwise as one line for each tenth of the work. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #total: number;
  readonly #title: string;
  readonly #describeAmount: (amount: number) => string;
  readonly #start = performance.now();
  #lastDrawn = 0;
  #lastTenth = 0;

  /**
   * Creates the progress display of one task.
   *
   * @param total - amount of work in any unit, such as bytes or rows.
   * @param title - text before the progress, if there are several kinds of work.
   * @param describeAmount - formats an amount of work with its unit.
   */
  constructor(
    stream: NodeJS.WriteStream,
    total: number,
    title?: string,
    describeAmount = (rows: number): string => `${formatCount(rows)} rows`,
  ) {
    this.#stream = stream;
    this.#total = total;
    this.#title = title === undefined ? '' : `${title}: `;
    this.#describeAmount = describeAmount;
  }

  /** Shows the progress: `done` is the completed amount of work, in the unit of `total`. */
  update(done: number, rows: number): void {
    const share = this.#total === 0 ? 1 : Math.min(1, done / this.#total);
    if (this.#stream.isTTY) this.#draw(share, rows);
    else this.#print(share, rows);
  }

  /** Removes the progress bar from the terminal. */
  end(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[K');
  }

  #draw(share: number, rows: number): void {
    const now = performance.now();
    if (share < 1 && now - this.#lastDrawn < intervalMs) return;
    this.#lastDrawn = now;
    const filled = Math.round(share * barWidth);
    const bar = '#'.repeat(filled) + '-'.repeat(barWidth - filled);
    this.#stream.write(`\r\x1b[K[${bar}] ${this.#describe(share, rows)}`);
  }

  #print(share: number, rows: number): void {
    const tenth = Math.floor(share * 10);
    if (tenth === this.#lastTenth) return;
    this.#lastTenth = tenth;
    this.#stream.write(`${this.#describe(share, rows)}\n`);
  }

  #describe(share: number, rows: number): string {
    const perSecond = rows / ((performance.now() - this.#start) / 1000);
    const [amount, speed] = [this.#describeAmount(rows), this.#describeAmount(perSecond)];
    return `${this.#title}${Math.floor(share * 100)} %, ${amount}, ${speed}/s`;
  }
}
