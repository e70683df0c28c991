import type { PoolHealth, ReplicaHealth } from '../storage/health-probe';
import type { DatabaseErrorCode } from '../errors/database-error';
import type { BreakerState } from '../diagnostics/types';

/** Options of `db.health()`. */
export interface HealthOptions {
  /** Maximum time in milliseconds, at least 1; a component that does not answer by then is down. Default: 2000. */
  timeoutMs?: number | undefined;
}

/** Health of a database: the result of `db.health()`. */
export interface DatabaseHealth {
  /**
   * `up`: it answers, and nothing is wrong. `degraded`: it answers, but migrations are pending or could not be checked,
   * a replica does not serve, the circuit breaker still rejects calls, or there are `warnings`. `down`: it does not
   * answer.
   */
  readonly status: 'up' | 'degraded' | 'down';
  readonly engine: 'sqlite' | 'postgresql';
  /**
   * Time that the database took to answer a minimal query, in milliseconds, without the time to connect. Absent when it
   * did not answer.
   */
  readonly latencyMs?: number;
  /** Error code of a failed probe; TIMEOUT when it took too long. Absent when every probe succeeded. */
  readonly code?: DatabaseErrorCode;
  /** State of the circuit breaker; `off` with `breaker: false`. The breaker does not block this call. */
  readonly breaker: BreakerState | 'off';
  /** The connections to the primary. Absent on SQLite. */
  readonly pool?: PoolHealth;
  /**
   * SQLite: time in milliseconds that the present write or transaction of this service has held the single writer,
   * including the wait for other processes. A value that keeps growing shows a transaction whose callback does not end.
   * Absent while there is no write, and on PostgreSQL, where several writers may run at once.
   */
  readonly writerHeldMs?: number;
  /**
   * The read replicas in the order of `replicaUrls`; empty where none are used, as with `maxReplicaLagMs: 0`, or where
   * they could not be asked in time.
   */
  readonly replicas: readonly ReplicaHealth[];
  /**
   * Problems that need attention although the database answers, such as a counter of the change feed that would assign
   * a number twice. Empty when there are none, or when they could not be checked.
   */
  readonly warnings: readonly string[];
  /**
   * The migrations of this package that the database lacks, in their order, those included that have failed half-way.
   * Absent where it could not be asked.
   */
  readonly pendingMigrations?: readonly string[];
}
