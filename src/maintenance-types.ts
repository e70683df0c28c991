/** Limit of a pruning in {@link MaintenanceOptions}. */
export interface PruneBefore {
  /** Everything older is pruned. */
  before: Date;
}

/** Tasks of `maintain`. A task that is absent is not done. */
export interface MaintenanceOptions {
  /** True to set due agents and certificates to EXPIRED, as their `expireDue` does. */
  expire?: boolean | undefined;
  /** Prunes the change feed, as `pruneChanges` does. */
  pruneChanges?: PruneBefore | undefined;
  /** Prunes security events, as `events.prune` does. */
  pruneEvents?: PruneBefore | undefined;
  /** True to copy SQLite's write-ahead log into the file and to empty it. Does nothing on PostgreSQL. */
  checkpoint?: boolean | undefined;
  /**
   * True to make queries fast again after many changes: merges the full-text index of names on SQLite, and runs `ANALYZE`
   * for the tables of this package on PostgreSQL.
   */
  optimize?: boolean | undefined;
}

/** Result of `maintain`. A task that was not requested has 0 or false. */
export interface MaintenanceReport {
  readonly agentsExpired: number;
  readonly certificatesExpired: number;
  readonly changesPruned: number;
  readonly eventsPruned: number;
  /**
   * True when the write-ahead log was copied to its end and emptied. False when a reader or another process prevented
   * that, and always on PostgreSQL.
   */
  readonly checkpointed: boolean;
  /** True when the task is done. False when the role may not analyze all tables: the others were analyzed. */
  readonly optimized: boolean;
}
