import type { MigrationState } from './migration-state';

/** Health probe of an engine. The probe has a separate connection, so that it does not wait for other calls. */
export interface HealthProbe {
  readonly engine: 'sqlite' | 'postgresql';
  /** Runs a minimal query. Returns the duration of the query in milliseconds, without the time to connect. */
  ping(): Promise<number>;
  /** Returns the state of the migrations. */
  migrations(): Promise<MigrationState>;
  /**
   * Returns descriptions of problems, without stored values. Call this method only when the database responds and its
   * schema is up to date.
   */
  warnings(): Promise<readonly string[]>;
  /** Probes the replicas, and returns the state of each. Does not reject. */
  replicas(): Promise<readonly ReplicaHealth[]>;
  /** Returns the current state of the connection pool; undefined when the engine has no pool. */
  pool(): PoolHealth | undefined;
  /**
   * Returns the time for which the current writer has held the writer mutex, in milliseconds; 0 when there is no
   * writer. The method is absent on engines that allow several writers.
   */
  writerHeldMs?(): number;
  /** Aborts the running queries of the probe. */
  abort(): void;
}

/** State of a connection pool. */
export interface PoolHealth {
  /** Number of open connections, including idle ones. */
  readonly total: number;
  /** Number of idle connections. */
  readonly idle: number;
  /** Number of calls that wait for a connection. */
  readonly waiting: number;
  /** Maximum number of open connections. */
  readonly max: number;
}

/** State of a read replica when it was last probed. */
export interface ReplicaHealth {
  /** True when reads are sent to the replica. */
  readonly isServing: boolean;
  /**
   * Upper bound of the replication lag, in milliseconds. Absent when the lag is unknown: the replica does not respond,
   * or has never caught up with the primary.
   */
  readonly lagMs?: number;
  /** Reason why the replica serves no reads; absent when the replica serves reads. */
  readonly fault?: ReplicaFault;
}

/**
 * Reason why a replica does not serve reads.
 *
 * - `unreachable`: the replica does not respond.
 * - `lagging`: the replica is more than `maxReplicaLagMs` behind, or its lag is unknown.
 * - `not-a-standby`: the server was promoted, or never followed a primary.
 * - `other-history`: the replica follows another server, or has not followed the primary through a fail-over yet.
 *
 * The replica serves reads again as soon as the reason is gone.
 */
export type ReplicaFault = 'unreachable' | 'lagging' | 'not-a-standby' | 'other-history';
