/** Limit of a pruning in {@link MaintenanceOptions}. */
export interface PruneBefore {
  /** Time before which records are pruned (deleted). */
  before: Date;
}

/** Tasks of `db.maintain`. A task that is absent is not done. */
export interface MaintenanceOptions {
  /** True to set agents and certificates to EXPIRED when their time has passed, as `expireDue` does. */
  expire?: boolean | undefined;
  /** Limit for pruning the change feed, as `pruneChanges` does. */
  pruneChanges?: PruneBefore | undefined;
  /** Limit for pruning security events, as `events.prune` does. */
  pruneEvents?: PruneBefore | undefined;
  /** True to copy SQLite's write-ahead log into the database file and to empty the log. Does nothing on PostgreSQL. */
  checkpoint?: boolean | undefined;
  /**
   * True to make queries faster after many changes. On SQLite, merges the substring index of agent names. On
   * PostgreSQL, runs `ANALYZE` for the tables of this package.
   */
  optimize?: boolean | undefined;
}

/** Result of `db.maintain`. Contains 0 or false for each task that was not requested. */
export interface MaintenanceReport {
  readonly agentsExpired: number;
  readonly certificatesExpired: number;
  readonly changesPruned: number;
  readonly eventsPruned: number;
  /**
   * True when SQLite's write-ahead log was copied completely and emptied. False when a reader or another process
   * prevented this. Always false on PostgreSQL.
   */
  readonly checkpointed: boolean;
  /** True when all tables were optimized. False when the database role may not analyze one of them. */
  readonly optimized: boolean;
}
