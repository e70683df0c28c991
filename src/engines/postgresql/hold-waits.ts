import { Failure } from '../../errors/failure';
import type { ConnectionHold } from '../../storage/engine';

/**
 * Transactions whose callbacks wait for another connection of the pool, for example for a read outside the transaction.
 * When such transactions hold all connections, none of them could ever continue.
 */
export class HoldWaits {
  readonly #counts = new Map<ConnectionHold, number>();

  /**
   * Runs `work`, which waits for a connection. The caller's transaction already holds another connection, `hold`.
   *
   * @param max - maximum number of connections of the pool.
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
    'all connections are held by transactions that wait for a read outside of themselves: read through the transaction, or raise pool.maxConnections above the number of concurrent transactions';
  // Not retryable with a single connection: the same call would always fail again.
  return new Failure('CONFLICT', message, { retryable: max > 1 });
}
