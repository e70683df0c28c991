import { Pool, type PoolClient, type PoolConfig } from 'pg';
import { notInitialized } from '../../errors/failure';
import { isReadOnlyServer } from '../../errors/postgresql-failure';
import { enclosingHold } from '../transaction-context';
import { HoldWaits } from './hold-waits';
import { TidyClient } from './tidy-client';

/** How long a connection to a standby is used where the primary is expected, so that a fail-over is noticed. */
const standbyUseMs = 1000;

/** How a pool differs from the driver's. */
export interface TidyPoolConfig extends PoolConfig {
  /** Whether its server takes writes, but for fail-overs. */
  readonly isForPrimary: boolean;
}

/**
 * The driver's pool, with two differences. It can be given up: the driver's waits for its connections, and for those who
 * wait for them. And it replaces connections that lead to the wrong server, as after a fail-over.
 */
export class TidyPool extends Pool {
  /** Those who wait for a connection, and since when, in the order of their coming. */
  readonly #waiting = new Map<(error: Error) => void, number>();
  readonly #isForPrimary: boolean;
  readonly #holdWaits = new HoldWaits();
  #isGivenUp = false;
  /** Connections that were made before are not used again. */
  #renewedAt = -Infinity;

  constructor({ isForPrimary, ...config }: TidyPoolConfig) {
    super({ ...config, Client: TidyClient });
    this.#isForPrimary = isForPrimary;
    // Here, as statements are sent in many ways: by this package, by Prisma Client, several at once.
    this.on('connect', (client) => {
      if (!(client instanceof TidyClient)) return;
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
      (client) => callback(undefined, client, client.release.bind(client) as (release?: unknown) => void),
      (error: unknown) => callback(error as Error, undefined, () => undefined),
    );
    return undefined;
  }

  /** Returns how long the first has waited who needs a connection that is in use, in milliseconds; 0 where nobody does. */
  longestWaitMs(): number {
    const [sinceMs] = this.#waiting.values();
    return this.waitingCount === 0 || sinceMs === undefined ? 0 : performance.now() - sinceMs;
  }

  /** Has every connection replaced before it is used again. Those in use are left to their users. */
  renew(): void {
    this.#renewedAt = performance.now();
  }

  /** Lets nobody have a connection any more. Those that are in use are to be cut by whoever knows them. */
  giveUp(): void {
    this.#isGivenUp = true;
    for (const reject of this.#waiting.keys()) reject(notInitialized());
    this.#waiting.clear();
    // It waits for those in use, which need not ever come back, and may have been ended before.
    this.end().catch(() => undefined);
  }

  #connect(): Promise<PoolClient> {
    const hold = enclosingHold(this);
    return hold === undefined ? this.#take() : this.#holdWaits.during(hold, this.options.max, () => this.#take());
  }

  #take(): Promise<PoolClient> {
    return new Promise((resolve, reject) => {
      if (this.#isGivenUp) {
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
        if (client === undefined) reject(error ?? new Error('The pool gave no connection'));
        else if (isAwaited) resolve(client);
        else client.release(true);
      };
      super.connect(take);
    });
  }

  #isOutdated(client: PoolClient): boolean {
    if (!(client instanceof TidyClient)) return false;
    if (client.madeAt < this.#renewedAt) return true;
    return this.#isForPrimary && client.isStandby && performance.now() - client.madeAt > standbyUseMs;
  }
}

type ConnectCallback = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;
