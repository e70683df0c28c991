import type { ReplicaFault } from '../../storage/health-probe';
import type { PostgresqlLocation } from '../../options/database-url';
import type { PoolSettings } from '../../options/resolve-options';
import { PostgresqlConnections } from './connections';
import { positionOfReplica, type ServerPosition } from './server-position';
import { within } from './within';

/** Maximum time in milliseconds that a read waits for a replica to report its position in the write-ahead log. */
export const longestWaitMs = 200;

/** Read replica. `currentAsOf` is the time up to which the replica is known to have all changes of the primary. */
export class Replica {
  readonly connections: PostgresqlConnections;
  /**
   * Separate connection to ask for the position. It does not have to wait for slow reads, or for a connection of the
   * pool.
   */
  readonly #control: PostgresqlConnections;
  readonly index: number;
  currentAsOf = Number.NEGATIVE_INFINITY;
  isServing = false;
  /** True unless the replica has failed to answer the last request for its position. */
  isAnswering = true;
  /** Reason why the positions of the replica cannot be compared with those of the primary. Undefined when they can. */
  misplacement: Extract<ReplicaFault, 'not-a-standby' | 'other-history'> | undefined;
  #asking: Promise<ServerPosition> | undefined;

  constructor(location: PostgresqlLocation, pool: PoolSettings, index: number) {
    this.connections = new PostgresqlConnections(location, pool, true);
    this.#control = new PostgresqlConnections(location, { ...pool, maxConnections: 1 }, true);
    this.index = index;
  }

  /**
   * Returns the reason why the replica does not serve reads. Read this property only while the replica serves no reads.
   */
  get fault(): ReplicaFault {
    return this.misplacement ?? (this.isAnswering ? 'lagging' : 'unreachable');
  }

  /**
   * Asks the replica for its position in the write-ahead log. Concurrent calls share one request. Terminates the
   * connections in use if the request fails or takes longer than {@link longestWaitMs}.
   */
  askPosition(): Promise<ServerPosition> {
    this.#asking ??= this.#askPosition().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  /**
   * Excludes the replica from reads until a later check succeeds. Replaces the connections, because the address of the
   * replica may lead to another server by then.
   */
  exclude(misplacement: Replica['misplacement']): void {
    this.misplacement = misplacement;
    this.currentAsOf = Number.NEGATIVE_INFINITY;
    this.connections.pool.renew();
    this.#control.pool.renew();
  }

  async close(): Promise<void> {
    await Promise.all([this.connections.close(), this.#control.close()]);
  }

  terminate(): void {
    this.connections.terminate();
    this.#control.terminate();
  }

  async #askPosition(): Promise<ServerPosition> {
    try {
      const position = await within(longestWaitMs, positionOfReplica(this.#control));
      this.isAnswering = true;
      return position;
    } catch (error) {
      this.isAnswering = false;
      this.currentAsOf = Number.NEGATIVE_INFINITY;
      // Aborts the reads that wait for the replica. The primary then runs these reads.
      this.connections.terminateBusy();
      this.#control.terminateBusy();
      throw error;
    }
  }
}
