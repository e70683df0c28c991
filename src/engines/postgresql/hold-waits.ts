import { Failure } from '../../errors/failure';
import type { ConnectionHold } from '../../storage/engine';

/**
 * Detects a deadlock of the pool: transactions hold all connections, and the callback of each waits for another
 * connection, for example for a read outside the transaction.
 */
export class HoldWaits {
  readonly #counts = new Map<ConnectionHold, number>();

  /**
   * Runs `work`, which waits for a connection, for a caller whose transaction already holds the connection `hold`.
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
  // With a pool of one connection, the same call would always fail again, so the failure is not retryable.
  return new Failure('CONFLICT', message, { retryable: max > 1 });
}
