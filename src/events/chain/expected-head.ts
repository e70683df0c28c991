import type { ChainLink } from './hashing';
import type { EventChainBreak } from '../types';

/** Compares a head that the caller kept with the chain while it is verified. */
export class ExpectedHead {
  readonly #expected: ChainLink | undefined;
  #isProven = false;

  constructor(expected: ChainLink | undefined) {
    this.#expected = expected;
  }

  /**
   * Compares an entry, or the checkpoint that the verification begins with; returns the break when the hash differs.
   */
  compare({ sequence, hash }: ChainLink): EventChainBreak | undefined {
    if (sequence !== this.#expected?.sequence) return undefined;
    if (hash !== this.#expected.hash) return { sequence, reason: 'changed' };
    this.#isProven = true;
    return undefined;
  }

  /** Returns the break if the chain ends before the expected entry. */
  findCut(head: ChainLink): EventChainBreak | undefined {
    if (this.#expected === undefined || head.sequence >= this.#expected.sequence) return undefined;
    return { sequence: this.#expected.sequence, reason: 'removed' };
  }

  /** Returns the break if the expected entry was pruned into a later checkpoint, so that nothing is left to compare. */
  findUnproven(): EventChainBreak | undefined {
    if (this.#expected === undefined || this.#isProven) return undefined;
    return { sequence: this.#expected.sequence, reason: 'unproven' };
  }
}
