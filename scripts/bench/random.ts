/** Generator of deterministic pseudorandom numbers (mulberry32). */
export class Random {
  #state: number;

  constructor(...seeds: readonly number[]) {
    // Mixes the seeds, because adjacent seeds would otherwise produce similar first numbers.
    this.#state = seeds.reduce((state, seed) => Math.imul(state ^ seed, 0x9e3779b1) ^ (state >>> 15), 0x2545f491) | 0;
    this.next();
  }

  /** Returns a random number from 0 (inclusive) to 1 (exclusive). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** Returns a random integer from `min` to `max`, both inclusive. */
  between(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[Math.floor(this.next() * choices.length)] ?? choices[0];
  }

  hex(digits: number): string {
    let text = '';
    while (text.length < digits)
      text += Math.floor(this.next() * 0x1_0000)
        .toString(16)
        .padStart(4, '0');
    return text.slice(0, digits);
  }
}

/** Distribution of ranks in which the frequency is inversely proportional to the rank (Zipf's law). */
export class Zipf {
  readonly #cumulative: number[] = [];

  constructor(size: number) {
    let total = 0;
    for (let rank = 1; rank <= size; rank += 1) this.#cumulative.push((total += 1 / rank));
  }

  draw(random: Random): number {
    const target = random.next() * (this.#cumulative.at(-1) ?? 0);
    let low = 0;
    for (let high = this.#cumulative.length - 1; low < high;) {
      const middle = (low + high) >> 1;
      if ((this.#cumulative[middle] ?? 0) > target) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
