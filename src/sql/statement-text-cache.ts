/** Cached value, with the number of recent uses of its text. */
interface Entry<T> {
  readonly value: T;
  uses: number;
}

/**
 * Number of uses, as a multiple of the cache size, after which all counts are halved. A text that was frequent earlier
 * may be rare now.
 */
const usesBetweenHalvings = 16;

/**
 * Caches a value for each of the most frequently used texts. A text replaces another one only when it was used more
 * often recently: even many rare texts never replace a frequent one. This is the idea of TinyLFU
 * (https://arxiv.org/abs/1512.00727), but with exact counts instead of estimates.
 */
export class StatementTextCache<T> {
  /** Entries in the order in which they are considered for replacement: the first one is next. */
  readonly #entries = new Map<string, Entry<T>>();
  /** Numbers of recent uses of texts without an entry, in the order of their last use, oldest first. */
  readonly #candidates = new Map<string, number>();
  readonly #maxEntries: number;
  readonly #onEvict: (value: T) => void;
  #usesToHalving: number;

  /** @param onEvict - called with each value that another one replaces. */
  constructor(maxEntries: number, onEvict: (value: T) => void = () => undefined) {
    this.#maxEntries = maxEntries;
    this.#onEvict = onEvict;
    this.#usesToHalving = usesBetweenHalvings * maxEntries;
  }

  /** Returns the cached value for `text`, or the result of `make`, which is cached if the text is frequent enough. */
  getOrAdd(text: string, make: () => T): T {
    const known = this.get(text);
    if (known !== undefined) return known;
    const made = make();
    this.add(text, made);
    return made;
  }

  /** Returns the cached value for `text`; undefined when there is none. Counts as a use of the text. */
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
   * Caches the value of a text that has no entry, if the cache is not full or if the text replaces a rarer one. Returns
   * true when the value was cached.
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
   * Removes the first entry if its text was used fewer than `uses` times, and returns true; otherwise moves the entry
   * to the end.
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
