/**
 * Why the migrations were not applied:
 *
 * - `too-new`: the database has migrations that this package does not know, so a newer one has made them.
 * - `failed-before`: an earlier attempt has left a failed migration in the history, to be resolved with Prisma's CLI.
 * - `failed`: a migration could not be applied now. Nothing of it is left, nor of those before it in the same run.
 * - `denied`: the role of the connection lacks a privilege. Nothing of the run is left.
 * - `not-empty`: the database has tables, but neither a history nor the schema that this package started from.
 * - `busy`: another connection's lock stood in the way for too long.
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
