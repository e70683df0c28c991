import type { ChainLink } from './hashing';
import type { EventChainBreak } from '../types';

/** Compares a head from an earlier verification with the chain during a new verification. */
export class ExpectedHead {
  readonly #expected: ChainLink | undefined;
  #isProven = false;

  constructor(expected: ChainLink | undefined) {
    this.#expected = expected;
  }

  /** Compares an entry, or the checkpoint at which the verification begins. Returns the break when the hash differs. */
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

  /**
   * Returns the break if the expected entry is part of a later checkpoint, so that its hash cannot be compared any
   * more.
   */
  findUnproven(): EventChainBreak | undefined {
    if (this.#expected === undefined || this.#isProven) return undefined;
    return { sequence: this.#expected.sequence, reason: 'unproven' };
  }
}
