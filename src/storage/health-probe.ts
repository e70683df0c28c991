/** Health probe of an engine. Uses a connection of its own, so that it neither waits for other work nor delays it. */
export interface HealthProbe {
  readonly engine: 'sqlite' | 'postgresql';
  /** Asks the database the smallest of questions; how long the answer took once there was a connection. */
  ping(): Promise<number>;
  /** The names of the migrations that it lacks. */
  pendingMigrations(): Promise<readonly string[]>;
  /** Returns the faults of a database that answers and whose schema is up to date, in words that contain no value. */
  warnings(): Promise<readonly string[]>;
  /** The replicas, once they were asked. Does not fail. */
  replicas(): Promise<readonly ReplicaHealth[]>;
  /** The connections at the moment; undefined where there is no pool. */
  pool(): PoolHealth | undefined;
  /**
   * Returns the time since the single writer was acquired, in milliseconds. Absent where several writers may run at
   * once.
   */
  writerHeldMs?(): number;
  /** Aborts the running queries. */
  abort(): void;
}

/** A pool of connections, at the moment. */
export interface PoolHealth {
  /** Connections that there are, in use or not. */
  readonly total: number;
  /** Number of idle connections. */
  readonly idle: number;
  /** Calls that wait for one. */
  readonly waiting: number;
  /** Maximum number of connections. */
  readonly max: number;
}

/** A read replica, when it was asked last. */
export interface ReplicaHealth {
  /** True when reads are sent to the replica. */
  readonly isServing: boolean;
  /**
   * Upper bound of its replication lag, in milliseconds. Absent when the lag is unknown: the replica does not answer,
   * or has not caught up since the start.
   */
  readonly lagMs?: number;
  /** Reason why it serves no reads. Absent when it serves them. */
  readonly fault?: ReplicaFault;
}

/**
 * Reason why a replica does not serve reads. `unreachable`: it does not answer. `lagging`: it is more than
 * `maxReplicaLagMs` behind, or its lag is unknown. `not-a-standby`: it was promoted, or never followed a primary.
 * `other-history`: it follows another server, or is still on the timeline before a failover. It serves again when it
 * follows the primary again.
 */
export type ReplicaFault = 'unreachable' | 'lagging' | 'not-a-standby' | 'other-history';
