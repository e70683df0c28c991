import SqliteDriver, { type Database } from 'better-sqlite3';
import { isBusy, whileBusy } from '../engines/sqlite/busy';
import { isDescriptorShortage } from '../errors/descriptor-shortage';
import { sqliteErrorOf } from '../engines/sqlite/errors/error';
import { quoteId } from '../sql/quote-id';
import { findFailedCheck } from './failed-check';
import { inspectMigrations } from './inspect-migrations';
import { MigrationError } from './migration-error';
import { assertMigratable } from './migration-state';
import { runSchemaEngine } from './run-schema-engine';
import { hasSeedSchema, isEmpty } from './seed-schema';
import type { ShippedMigration } from './shipped-migrations';
import { SqliteMigrationAdapterFactory } from './sqlite-migration-adapter';

/** Failures of the storage, by the beginning of the driver's codes. */
const storageFailures = /^SQLITE_(?:FULL|IOERR|READONLY|CORRUPT|NOTADB|CANTOPEN|NOMEM)/;

/** Target and lock timeout of a migration. */
export interface ApplyMigrationsOptions {
  readonly shipped: readonly ShippedMigration[];
  /** Time to wait for locks of other connections at the start and at the end, in milliseconds. */
  readonly busyTimeoutMs: number;
}

/**
 * Applies the migrations that a database lacks and returns their names, in order. All of them are one transaction: when it
 * fails, the database and its history are as before. Several processes may do this at once; one of them finds something
 * to do. A database that the seed made is taken over with its rows.
 *
 * The work is done by Prisma's own schema engine, so that Prisma's CLI agrees about the history afterwards. The engine is
 * loaded only when something is to be applied.
 *
 * @throws MigrationError, or what the driver threw where the file cannot be opened or the storage fails.
 */
export async function applyMigrations(path: string, options: ApplyMigrationsOptions): Promise<string[]> {
  // No waiting inside SQLite, which would stop the whole process: see whileBusy.
  const connection = new SqliteDriver(path, { timeout: 0 });
  try {
    // Inside the transaction, where scripts switch them off themselves, it would be too late.
    connection.pragma('foreign_keys = OFF');
    await orBusy(() => whileBusy(options.busyTimeoutMs, () => connection.exec('BEGIN IMMEDIATE')));
    const applied = await applyPending(connection, options.shipped);
    await orBusy(() => whileBusy(options.busyTimeoutMs, () => connection.exec('COMMIT')));
    return applied;
  } finally {
    // Closing a connection rolls back what it has not committed.
    connection.close();
  }
}

async function applyPending(connection: Database, shipped: readonly ShippedMigration[]): Promise<string[]> {
  const state = inspectMigrations(connection, shipped);
  assertMigratable(state);
  const { applied, pending } = state;
  if (pending.length === 0) return [];
  const isUnmanaged = applied.length === 0 && !isEmpty(connection);
  if (isUnmanaged && !hasSeedSchema(connection)) {
    throw new MigrationError('not-empty', 'the database holds other tables, and no history of migrations');
  }
  return runEngine(connection, shipped, isUnmanaged ? pending.at(0) : undefined);
}

/** Runs the engine to apply the pending migrations. `adopted` names a migration whose result already exists. */
async function runEngine(
  connection: Database,
  shipped: readonly ShippedMigration[],
  adopted: string | undefined,
): Promise<string[]> {
  const failures: unknown[] = [];
  const factory = new SqliteMigrationAdapterFactory({
    connect: () => connection,
    connectToShadow: () => new SqliteDriver(':memory:'),
    onScriptFailed: () => undefined,
    onFailed: (error) => failures.push(error),
  });
  try {
    return await runSchemaEngine(factory, { provider: 'sqlite', shipped, adopted });
  } catch (error) {
    // Later errors are consequences of the first failure.
    throw toMigrationError(connection, shipped, failures.at(0) ?? error);
  }
}

function toMigrationError(connection: Database, shipped: readonly ShippedMigration[], cause: unknown): unknown {
  if (isBusy(cause)) return busy(cause);
  // Then it is not the migration that is to be repaired.
  if (isDescriptorShortage(cause) || storageFailures.test(sqliteErrorOf(cause)?.code ?? '')) return cause;
  // The engine has recorded which one it was; the transaction with that record is still open.
  const [failed] = connection.inTransaction ? inspectMigrations(connection, shipped).failed : [];
  const message = failed === undefined ? 'the migrations could not be applied' : `migration ${failed} failed`;
  const script = shipped.find(({ name }) => name === failed)?.sql ?? '';
  return new MigrationError('failed', `${message}${describeRow(connection, script, cause)}`, { cause });
}

/** Describes the row that a migration could not copy, so that it can be corrected; empty for any other failure. */
function describeRow(connection: Database, script: string, cause: unknown): string {
  const check = connection.inTransaction ? findFailedCheck(connection, script, cause) : undefined;
  if (check === undefined) return '';
  const id = check.id === undefined ? 'whose id is not a string' : `with id ${quoteId(check.id)}`;
  return `: the row of table ${check.table} ${id} has an invalid ${check.column}; correct the row and try again`;
}

async function orBusy<T>(run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw isBusy(error) ? busy(error) : error;
  }
}

function busy(cause: unknown): MigrationError {
  return new MigrationError('busy', 'another connection holds a lock on the database', { cause });
}
