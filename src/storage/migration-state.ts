/** State of a database's schema: names of this package's migrations. Ignores migrations of an application. */
export interface MigrationState {
  readonly applied: readonly string[];
  /** Migrations that are neither applied nor failed, in the order in which they are to be applied. */
  readonly pending: readonly string[];
  /** Migrations that a newer version of this package has applied. */
  readonly unknown: readonly string[];
  /** Migrations that were started, but not finished. */
  readonly failed: readonly string[];
}
