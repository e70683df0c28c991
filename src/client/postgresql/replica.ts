import type { ReplicaFault } from '../../diagnostics/health';
import type { PostgresqlLocation } from '../../options/database-url';
import type { PoolSettings } from '../../options/resolve-options';
import { PostgresqlConnections } from './postgresql-connections';
import { positionOfReplica, type ServerPosition } from './server-position';
import { within } from './within';

/** How long a replica may take to say how far it is: one that does not answer must not slow reads down. */
export const longestWaitMs = 200;

/** One replica, and up to which time it is known to have what the primary had. */
export class Replica {
  readonly connections: PostgresqlConnections;
  /** Its own way to ask for the position: reads that take their time, and all connections, do not stand in this one's. */
  readonly #control: PostgresqlConnections;
  readonly index: number;
  currentAsOf = Number.NEGATIVE_INFINITY;
  isServing = false;
  /** Whether it answered when it was asked last. */
  isAnswering = true;
  /** Why its answers cannot be compared with the primary's, however current they look; undefined where they can. */
  misplacement: Extract<ReplicaFault, 'not-a-standby' | 'other-history'> | undefined;
  #asking: Promise<ServerPosition> | undefined;

  constructor(location: PostgresqlLocation, pool: PoolSettings, index: number) {
    this.connections = new PostgresqlConnections(location, pool, true);
    this.#control = new PostgresqlConnections(location, { ...pool, maxConnections: 1 }, true);
    this.index = index;
  }

  /** Why it does not serve. */
  get fault(): ReplicaFault {
    return this.misplacement ?? (this.isAnswering ? 'lagging' : 'unreachable');
  }

  /** Asks where it is in the log. One that does not answer soon loses its connections. */
  askPosition(): Promise<ServerPosition> {
    this.#asking ??= this.#askPosition().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  /** Sends no read there until it is found well. Its address may lead to another server by then, so it is connected anew. */
  leaveOut(misplacement: Replica['misplacement']): void {
    this.misplacement = misplacement;
    this.currentAsOf = Number.NEGATIVE_INFINITY;
    this.connections.pool.renew();
    this.#control.pool.renew();
  }

  async close(): Promise<void> {
    await Promise.all([this.connections.close(), this.#control.close()]);
  }

  giveUp(): void {
    this.connections.giveUp();
    this.#control.giveUp();
  }

  async #askPosition(): Promise<ServerPosition> {
    try {
      const position = await within(longestWaitMs, positionOfReplica(this.#control));
      this.isAnswering = true;
      return position;
    } catch (error) {
      this.isAnswering = false;
      this.currentAsOf = Number.NEGATIVE_INFINITY;
      // Whoever waits there for an answer gets the primary's now.
      this.connections.giveUpBusy();
      this.#control.giveUpBusy();
      throw error;
    }
  }
}
