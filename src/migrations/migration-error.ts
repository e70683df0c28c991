/**
 * Reason why the migrations were not applied:
 *
 * - `too-new`: the database has migrations that this package does not know, so a newer version has applied them.
 * - `failed-before`: an earlier attempt has left a failed migration in the history. Resolve it with Prisma's CLI.
 * - `failed`: a migration could not be applied now. All changes of this run were rolled back.
 * - `denied`: the role of the connection lacks a privilege. All changes of this run were rolled back.
 * - `not-empty`: the database has tables, but neither a history nor the schema that this package started from.
 * - `busy`: another connection held a lock for too long.
 */
export type MigrationErrorReason = 'too-new' | 'failed-before' | 'failed' | 'denied' | 'not-empty' | 'busy';

/** The database could not be brought to this package's schema. Messages name migrations, never paths or SQL. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
  readonly reason: MigrationErrorReason;

  constructor(reason: MigrationErrorReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
