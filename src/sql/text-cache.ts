/** What was made for a text, kept for the texts that came last. A text in use that is forgotten is only made again. */
export class TextCache<T> {
  readonly #entries = new Map<string, T>();
  readonly #maxEntries: number;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  /** What is kept for `sql`, or else what `make` makes for it. */
  getOrAdd(sql: string, make: () => T): T {
    const known = this.#entries.get(sql);
    if (known !== undefined) return known;
    const made = make();
    // A Map keeps the order of insertion, so the first is the oldest.
    if (this.#entries.size >= this.#maxEntries) this.#entries.delete(this.#entries.keys().next().value ?? '');
    this.#entries.set(sql, made);
    return made;
  }

  clear(): void {
    this.#entries.clear();
  }
}
