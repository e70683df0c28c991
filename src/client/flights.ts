/** Counts the work in flight and tells when there is none. */
export class Flights {
  #count = 0;
  #landed: (() => void)[] = [];

  async track<T>(work: () => Promise<T>): Promise<T> {
    this.#count += 1;
    try {
      return await work();
    } finally {
      this.#count -= 1;
      if (this.#count === 0) for (const resolve of this.#landed.splice(0)) resolve();
    }
  }

  allLanded(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => this.#landed.push(resolve));
  }
}
