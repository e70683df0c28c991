/**
 * Number that changes when another connection commits. It is derived from `PRAGMA data_version`. This pragma also
 * changes when the checkpoint thread of this process restarts the write-ahead log; the number does not.
 */
export class DataVersion {
  readonly #read: () => number;
  #pragma: number | undefined;
  #version = 0;
  #highest = 0;

  /**
   * Creates a data version.
   *
   * @param read - returns `PRAGMA data_version` of the writing connection.
   */
  constructor(read: () => number) {
    this.#read = read;
  }

  /** True when {@link current} was called, so that somebody compares the versions. */
  get isUsed(): boolean {
    return this.#pragma !== undefined;
  }

  /** Returns the present version. Two states of the data never have the same version. */
  current(): number {
    const pragma = this.#read();
    if (pragma !== this.#pragma) {
      this.#pragma = pragma;
      this.#highest += 1;
      this.#version = this.#highest;
    }
    return this.#version;
  }

  /**
   * Restores an earlier version, because the data are the same. Does nothing when `later` is not the present version
   * any more.
   */
  restore(earlier: number, later: number): void {
    if (this.#version === later) this.#version = earlier;
  }
}
