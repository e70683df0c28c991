/** Counts, for each key of a cached record, the running writes of this process that change the record. */
export class PendingInvalidations {
  readonly #counts = new Map<string, number>();

  has(key: string): boolean {
    return this.#counts.has(key);
  }

  /** Adds one running write to the count of each key. The returned callback subtracts it again. */
  add(keys: readonly string[]): () => void {
    for (const key of keys) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    return () => {
      for (const key of keys) {
        const others = (this.#counts.get(key) ?? 0) - 1;
        if (others > 0) this.#counts.set(key, others);
        else this.#counts.delete(key);
      }
    };
  }
}
