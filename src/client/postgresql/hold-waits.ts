import { Failure } from '../../errors/failure';
import type { ConnectionHold } from '../transaction-context';

/**
 * The transactions whose callbacks wait for another connection of the pool, as for a read beside the transaction. When they
 * hold all connections, none of them could ever go on.
 */
export class HoldWaits {
  readonly #counts = new Map<ConnectionHold, number>();

  /**
   * Does work that waits for a connection, for a callback whose transaction holds one already.
   *
   * @param max - how many connections the pool has at most.
   * @throws CONFLICT when every connection is held by a transaction that waits.
   */
  async during<T>(hold: ConnectionHold, max: number, work: () => Promise<T>): Promise<T> {
    const count = this.#counts.get(hold) ?? 0;
    this.#counts.set(hold, count + 1);
    try {
      if (this.#waitingHolds() >= max) throw poolExhausted(max);
      return await work();
    } finally {
      const left = (this.#counts.get(hold) ?? 1) - 1;
      if (left === 0) this.#counts.delete(hold);
      else this.#counts.set(hold, left);
    }
  }

  #waitingHolds(): number {
    let waiting = 0;
    for (const { isReleased } of this.#counts.keys()) if (!isReleased) waiting += 1;
    return waiting;
  }
}

function poolExhausted(max: number): Failure {
  const message =
    'every connection is held by a transaction that waits for a read beside it: read through the transaction, or raise pool.maxConnections above the number of transactions that run at once';
  // With one connection it is never another way.
  return new Failure('CONFLICT', message, { retryable: max > 1 });
}
