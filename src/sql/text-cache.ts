/** A value that is kept, and how often its text was used lately. */
interface Entry<T> {
  readonly value: T;
  uses: number;
}

/** After how many uses, times the size of the cache, all counts are halved: what was frequent once need not be any more. */
const usesBetweenHalvings = 16;

/**
 * Keeps a value for each of the texts that are used most. A text replaces another one only when it was used more often
 * lately, so rare texts, however many there are, never displace a frequent one. The idea of TinyLFU
 * (https://arxiv.org/abs/1512.00727) with exact counts instead of a sketch.
 */
export class TextCache<T> {
  /** Every entry comes up for replacement in turn: the first is the next one. */
  readonly #entries = new Map<string, Entry<T>>();
  /** How often texts without an entry were used, the one that was not used for longest first. */
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

  /** Returns the value kept for `text`, or the one that `make` makes for it, which is kept if the text is frequent enough. */
  getOrAdd(text: string, make: () => T): T {
    const known = this.get(text);
    if (known !== undefined) return known;
    const made = make();
    this.add(text, made);
    return made;
  }

  /** Returns the value kept for `text`; undefined where there is none. Counts as a use of the text. */
  get(text: string): T | undefined {
    this.#usesToHalving -= 1;
    if (this.#usesToHalving === 0) this.#halve();
    const entry = this.#entries.get(text);
    if (entry === undefined) return undefined;
    entry.uses += 1;
    return entry.value;
  }

  /** Returns the value kept for `text` without counting a use. */
  peek(text: string): T | undefined {
    return this.#entries.get(text)?.value;
  }

  /** Keeps the value of a text that has none, if there is room for it or a rarer text to replace. Reports whether it did. */
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

  /** Removes the next entry if it was used fewer than `uses` times; otherwise puts it last. */
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
