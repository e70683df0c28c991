/** Cached value, with the number of recent uses of its text. */
interface Entry<T> {
  readonly value: T;
  uses: number;
}

/**
 * Number of uses, for each place in the cache, after which all counts are halved. Otherwise a text that was frequent
 * long ago would never leave the cache.
 */
const usesBetweenHalvings = 16;

/**
 * Caches a value for each of the most frequently used texts, for example SQL texts. A new text replaces a cached one
 * only when the new text was used more often recently. Therefore many rare texts do not remove a frequent text. This is
 * the idea of TinyLFU (https://arxiv.org/abs/1512.00727), with exact counts instead of estimates.
 */
export class FrequentTextCache<T> {
  /** Cached entries by text. A new text may replace the first entry. */
  readonly #entries = new Map<string, Entry<T>>();
  /** Numbers of recent uses of the texts that are not cached. The text whose last use is the oldest comes first. */
  readonly #candidates = new Map<string, number>();
  readonly #maxEntries: number;
  readonly #onEvict: (value: T) => void;
  #usesToHalving: number;

  /**
   * Creates an empty cache of frequently used texts.
   *
   * @param onEvict - called with each cached value that a new one has replaced.
   */
  constructor(maxEntries: number, onEvict: (value: T) => void = () => undefined) {
    this.#maxEntries = maxEntries;
    this.#onEvict = onEvict;
    this.#usesToHalving = usesBetweenHalvings * maxEntries;
  }

  /**
   * Returns the cached value for `text`, or the result of `make`. Caches that result if `text` is used often enough.
   */
  getOrAdd(text: string, make: () => T): T {
    const known = this.get(text);
    if (known !== undefined) return known;
    const made = make();
    this.add(text, made);
    return made;
  }

  /** Returns the cached value for `text`; undefined when there is none. Counts as one use of the text. */
  get(text: string): T | undefined {
    this.#usesToHalving -= 1;
    if (this.#usesToHalving === 0) this.#halve();
    const entry = this.#entries.get(text);
    if (entry === undefined) return undefined;
    entry.uses += 1;
    return entry.value;
  }

  /** Returns the cached value for `text` without counting a use. */
  peek(text: string): T | undefined {
    return this.#entries.get(text)?.value;
  }

  /**
   * Caches the value of a text that has no entry, if there is room or the text replaces a rarer one. Reports whether
   * the value was cached.
   */
  add(text: string, value: T): boolean {
    const uses = (this.#candidates.get(text) ?? 0) + 1;
    if (this.#entries.size >= this.#maxEntries && !this.#makeRoom(uses)) {
      this.#addCandidate(text, uses);
      return false;
    }
    this.#candidates.delete(text);
    this.#entries.set(text, { value, uses });
    return true;
  }

  clear(): void {
    this.#entries.clear();
    this.#candidates.clear();
  }

  /**
   * Removes the first cache entry if its text was used fewer than `uses` times. Otherwise moves the entry to the end.
   * Reports whether the entry was removed.
   */
  #makeRoom(uses: number): boolean {
    const [next] = this.#entries;
    if (next === undefined) return false;
    const [text, entry] = next;
    this.#entries.delete(text);
    if (entry.uses >= uses) {
      this.#entries.set(text, entry);
      return false;
    }
    this.#addCandidate(text, entry.uses);
    this.#onEvict(entry.value);
    return true;
  }

  #addCandidate(text: string, uses: number): void {
    this.#candidates.delete(text);
    this.#candidates.set(text, uses);
    if (this.#candidates.size <= this.#maxEntries) return;
    const [oldest = ''] = this.#candidates.keys();
    this.#candidates.delete(oldest);
  }

  #halve(): void {
    this.#usesToHalving = usesBetweenHalvings * this.#maxEntries;
    for (const entry of this.#entries.values()) entry.uses >>>= 1;
    for (const [text, uses] of this.#candidates) this.#candidates.set(text, uses >>> 1);
  }
}
