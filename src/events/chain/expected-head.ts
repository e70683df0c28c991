import type { ChainLink } from './hashing';
import type { EventChainBreak } from '../types';

/** Compares the head of the event chain from an earlier verification with the chain during a new verification. */
export class ExpectedHead {
  readonly #expected: ChainLink | undefined;
  #isProven = false;

  constructor(expected: ChainLink | undefined) {
    this.#expected = expected;
  }

  /**
   * Compares an entry, or the first checkpoint, with the expected head. Returns the break when only the hashes differ.
   */
  compare({ sequence, hash }: ChainLink): EventChainBreak | undefined {
    if (sequence !== this.#expected?.sequence) return undefined;
    if (hash !== this.#expected.hash) return { sequence, reason: 'changed' };
    this.#isProven = true;
    return undefined;
  }

  /** Returns a break if the event chain ends before the expected entry; otherwise undefined. */
  findCut(head: ChainLink): EventChainBreak | undefined {
    if (this.#expected === undefined || head.sequence >= this.#expected.sequence) return undefined;
    return { sequence: this.#expected.sequence, reason: 'removed' };
  }

  /**
   * Returns a break if a later checkpoint has replaced the expected entry, so that its hash cannot be compared any
   * more. Otherwise returns undefined.
   */
  findUnproven(): EventChainBreak | undefined {
    if (this.#expected === undefined || this.#isProven) return undefined;
    return { sequence: this.#expected.sequence, reason: 'unproven' };
  }
}
