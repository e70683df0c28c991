import { Pool, type PoolClient, type PoolConfig } from 'pg';
import { notInitialized } from '../../errors/failure';
import { isReadOnlyServer } from './errors/classify';
import { enclosingHold } from '../../runtime/transaction-context';
import { HoldWaits } from './hold-waits';
import { ManagedClient } from './managed-client';

/**
 * Maximum time in milliseconds for which a connection to a standby is used where a primary is expected. Afterwards, the
 * connection is replaced, to find the new primary after a fail-over.
 */
const standbyUseMs = 1000;

/** Settings of the driver's pool, and additional settings of this package. */
export interface ManagedPoolConfig extends PoolConfig {
  /** True when the pool connects to the primary, which accepts writes, except during a fail-over. */
  readonly isForPrimary: boolean;
}

/**
 * Pool of the driver with two additions. The pool can be terminated at once, while the driver's own `end` waits for
 * connections in use and for waiting calls. The pool also replaces connections to the wrong server, for example after a
 * fail-over.
 */
export class ManagedPool extends Pool {
  /** Calls that wait for a connection, in order, each with the time when the wait began. */
  readonly #waiting = new Map<(error: Error) => void, number>();
  readonly #isForPrimary: boolean;
  readonly #holdWaits = new HoldWaits();
  #isTerminated = false;
  /**
   * Creation time, by `performance.now`, before which a connection is outdated. The pool replaces outdated connections.
   */
  #renewedAt = -Infinity;

  constructor({ isForPrimary, ...config }: ManagedPoolConfig) {
    super({ ...config, Client: ManagedClient });
    this.#isForPrimary = isForPrimary;
    // Listens to the connection, to receive the errors of all statements, including those of batches and of Prisma
    // Client.
    this.on('connect', (client) => {
      if (!(client instanceof ManagedClient)) return;
      client.connection.on('errorMessage', (error: Error) => {
        if (isReadOnlyServer(error)) this.renew();
      });
    });
  }

  override connect(): Promise<PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<PoolClient> | undefined {
    const connected = this.#connect();
    if (callback === undefined) return connected;
    connected.then(
      (client) => callback(undefined, client, client.release.bind(client)),
      // The cast is safe: the promise rejects only with errors.
      (error: unknown) => callback(error as Error, undefined, () => undefined),
    );
    return undefined;
  }

  /** Returns the longest time that a call has waited so far for a connection, in milliseconds; 0 when no call waits. */
  longestWaitMs(): number {
    const [sinceMs] = this.#waiting.values();
    return this.waitingCount === 0 || sinceMs === undefined ? 0 : performance.now() - sinceMs;
  }

  /** Makes the pool replace every open connection before its next use. Running calls are not affected. */
  renew(): void {
    this.#renewedAt = performance.now();
  }

  /** Rejects all waiting and later calls. The caller must terminate the connections in use. */
  terminate(): void {
    this.#isTerminated = true;
    for (const reject of this.#waiting.keys()) reject(notInitialized());
    this.#waiting.clear();
    // Ignores the result of `end`: it waits for connections in use, and rejects when the pool was already ended.
    this.end().catch(() => undefined);
  }

  #connect(): Promise<PoolClient> {
    const hold = enclosingHold(this);
    return hold === undefined ? this.#take() : this.#holdWaits.during(hold, this.options.max, () => this.#take());
  }

  #take(): Promise<PoolClient> {
    return new Promise((resolve, reject) => {
      if (this.#isTerminated) {
        reject(notInitialized());
        return;
      }
      this.#waiting.set(reject, performance.now());
      const take = (error: Error | undefined, client: PoolClient | undefined): void => {
        if (client !== undefined && this.#waiting.has(reject) && this.#isOutdated(client)) {
          client.release(true);
          super.connect(take);
          return;
        }
        const isAwaited = this.#waiting.delete(reject);
        if (client === undefined) reject(error ?? new Error('the pool returned no connection'));
        else if (isAwaited) resolve(client);
        else client.release(true);
      };
      super.connect(take);
    });
  }

  #isOutdated(client: PoolClient): boolean {
    if (!(client instanceof ManagedClient)) return false;
    if (client.createdAt < this.#renewedAt) return true;
    return this.#isForPrimary && client.isStandby && performance.now() - client.createdAt > standbyUseMs;
  }
}

type ConnectCallback = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: (release?: Error | boolean) => void,
) => void;
