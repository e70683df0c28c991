import { Failure } from '../../errors/failure';
import type { ConnectionHold } from '../../storage/engine';

/**
 * Detects a deadlock of the connection pool. In a deadlock, transactions hold all connections, and each callback waits
 * for another connection, for example for a read outside its transaction.
 */
export class HoldWaits {
  readonly #counts = new Map<ConnectionHold, number>();

  /**
   * Runs `work`, which waits for a connection. The transaction of the caller already holds the connection `hold`.
   *
   * @param max - maximum number of connections of the pool.
   * @throws CONFLICT when waiting transactions hold all connections.
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
  // The failure is not retryable with a pool of one connection, because the same call would always fail again.
  return new Failure('CONFLICT', message, { retryable: max > 1 });
}
