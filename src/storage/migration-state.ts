/**
 * State of a database's schema, as lists of migration names. Migrations that do not belong to this package are ignored.
 */
export interface MigrationState {
  readonly applied: readonly string[];
  /** Migrations that are not applied yet, in the order of application. */
  readonly pending: readonly string[];
  /** Applied migrations that only a newer version of this package has. */
  readonly unknown: readonly string[];
  /** Migrations that were started but not finished. */
  readonly failed: readonly string[];
}
