/**
 * State of a database's schema, as lists of migration names. Migrations that do not belong to this package are ignored.
 */
export interface MigrationState {
  readonly applied: readonly string[];
  /** Migrations that have still to be applied, in their order. */
  readonly pending: readonly string[];
  /** Migrations that a newer version of this package has applied. */
  readonly unknown: readonly string[];
  /** Migrations that were started and not finished. */
  readonly failed: readonly string[];
}
