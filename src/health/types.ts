import type { PoolHealth, ReplicaHealth } from '../storage/health-probe';
import type { DatabaseErrorCode } from '../errors/database-error';
import type { BreakerState } from '../diagnostics/types';

/**
 * Options of `db.health()`.
 *
 * @example
 * ```ts
 * const { status } = await db.health({ timeoutMs: 500 });
 * ```
 */
export interface HealthOptions {
  /**
   * Maximum time of the probe, in milliseconds, from 1 to 2147483647. The database is `down` if it does not respond in
   * this time. It is `degraded` if it responds but a later query of the probe takes longer.
   *
   * @defaultValue 2000
   */
  timeoutMs?: number | undefined;
}

/** Health of a database: result of `db.health()`. */
export interface DatabaseHealth {
  /**
   * Status of the database.
   *
   * - `up`: the database responds and has no problem.
   * - `degraded`: the database responds, but a later query of the probe failed, migrations are pending, a replica
   *   serves no reads, the circuit breaker is not closed, or there are `warnings`.
   * - `down`: the database does not respond.
   */
  readonly status: 'up' | 'degraded' | 'down';
  readonly engine: 'sqlite' | 'postgresql';
  /**
   * Duration of a minimal query, in milliseconds, without the time for connecting. Absent when the database is down.
   */
  readonly latencyMs?: number;
  /** Error code of the first failed query of the probe, such as TIMEOUT. Absent when all queries succeeded. */
  readonly code?: DatabaseErrorCode;
  /**
   * State of the circuit breaker; `off` with the option `breaker: false`. `db.health()` queries the database even while
   * the circuit breaker is open.
   */
  readonly breaker: BreakerState | 'off';
  /** State of the connection pool of the primary. Absent on SQLite. */
  readonly pool?: PoolHealth;
  /**
   * Time in milliseconds for which the current write or transaction of this service has blocked other writers of a
   * SQLite database. Includes the wait for other processes, and a checkpoint afterwards. A value that keeps growing
   * shows that the callback of a transaction does not end. Absent while this service does not write, and on PostgreSQL.
   */
  readonly writerHeldMs?: number;
  /**
   * State of the read replicas, in the order of `replicaUrls`. Empty when no replicas are used, for example with
   * `maxReplicaLagMs: 0`, or when the probe did not end in time.
   */
  readonly replicas: readonly ReplicaHealth[];
  /**
   * Problems that need attention although the database responds, such as a write-ahead log that is larger than
   * `maxWalBytes`. Empty when there are no problems, or when the probe could not look for them.
   */
  readonly warnings: readonly string[];
  /** Names of the pending and failed migrations of this package, in order. Absent when they could not be read. */
  readonly pendingMigrations?: readonly string[];
}
