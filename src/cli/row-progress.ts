import type { Progress } from '../console/progress';
import type { Terminal } from './terminal';

/** Maximum number of characters of the rows in one statement. A batch of long rows contains fewer rows. */
export const batchCharacters = 4_000_000;

/** Shows the progress of a move, an export or an import on a terminal. */
export class RowProgress {
  readonly #terminal: Terminal;
  #progress: Progress | undefined;
  #rows = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  readonly begin = (title: string, rows: number): void => {
    this.#progress = this.#terminal.progress(rows, title);
    this.#rows = 0;
  };

  readonly advance = (rows: number): void => {
    this.#rows += rows;
    this.#progress?.update(this.#rows, this.#rows);
  };

  readonly end = (): void => this.#progress?.end();
}
