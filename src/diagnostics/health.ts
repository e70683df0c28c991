import type { DatabaseErrorCode } from '../errors/database-error';
import type { BreakerState } from './types';

/** How `db.health()` looks. */
export interface HealthOptions {
  /** How long it may take, in milliseconds, from 1 on; what does not answer by then is down. Default: 2000. */
  timeoutMs?: number | undefined;
}

/** How a database is: what `db.health()` gives. */
export interface DatabaseHealth {
  /**
   * `up`: it answers, and nothing is missing; `degraded`: it answers, but migrations are pending or could not be looked
   * for, a replica does not serve, the breaker refuses calls still, or there are `warnings`; `down`: it does not answer.
   */
  readonly status: 'up' | 'degraded' | 'down';
  readonly engine: 'sqlite' | 'postgresql';
  /**
   * How long the database took to answer the smallest of questions, in milliseconds, without the time to connect. Absent
   * where it did not answer.
   */
  readonly latencyMs?: number;
  /** Why something could not be found out; TIMEOUT where it took too long. Else absent. */
  readonly code?: DatabaseErrorCode;
  /** Whether the breaker lets calls through; `off` with `breaker: false`. It does not keep this call from asking. */
  readonly breaker: BreakerState | 'off';
  /** The connections to the primary. Absent on SQLite. */
  readonly pool?: PoolHealth;
  /**
   * SQLite: how long the present write or transaction of this service has held the one writer, in milliseconds, the wait for
   * other processes included. A value that keeps growing is a transaction whose callback does not end. Absent while nobody
   * writes, and on PostgreSQL, where writers do not exclude each other.
   */
  readonly writerHeldMs?: number;
  /**
   * The read replicas in the order of `replicaUrls`; empty where none are used, as with `maxReplicaLagMs: 0`, or where
   * they could not be asked in time.
   */
  readonly replicas: readonly ReplicaHealth[];
  /**
   * What needs somebody's attention although the database answers, such as a counter of the change feed that would give a
   * number twice. Empty when nothing does, or when it could not be asked.
   */
  readonly warnings: readonly string[];
  /**
   * The migrations of this package that the database lacks, in their order, those included that have failed half-way.
   * Absent where it could not be asked.
   */
  readonly pendingMigrations?: readonly string[];
}

/** A pool of connections, at the moment. */
export interface PoolHealth {
  /** Connections that there are, in use or not. */
  readonly total: number;
  /** Those of them that nobody uses. */
  readonly idle: number;
  /** Calls that wait for one. */
  readonly waiting: number;
  /** How many there may be. */
  readonly max: number;
}

/** A read replica, when it was asked last. */
export interface ReplicaHealth {
  /** Whether reads go there. */
  readonly isServing: boolean;
  /**
   * How far behind the primary it may be at most, in milliseconds, by what is known of it. Absent where nothing is known:
   * it does not answer, or has not caught up since the start.
   */
  readonly lagMs?: number;
  /** Why no reads go there. Absent where they do. */
  readonly fault?: ReplicaFault;
}

/**
 * Why a replica does not serve: `unreachable`: it does not answer; `lagging`: it is more than `maxReplicaLagMs` behind, or
 * not known to be less; `not-a-standby`: it was promoted, or never followed anybody; `other-history`: it follows another
 * server, or is still on the timeline before a fail-over. It serves again when it follows the primary again.
 */
export type ReplicaFault = 'unreachable' | 'lagging' | 'not-a-standby' | 'other-history';
