import type { Client } from 'pg';
import { createMissingSchema } from './create-schema';
import { inspectInTransaction } from './inspect-postgresql-migrations';
import { MigrationError } from './migration-error';
import { assertMigratable } from './migration-state';
import { PostgresqlMigrationAdapterFactory } from './postgresql-migration-adapter';
import { queryOn, type PostgresqlQuery } from './postgresql-query';
import { runSchemaEngine } from './run-schema-engine';
import type { ShippedMigration } from './shipped-migrations';
import { isDescriptorShortage } from '../errors/descriptor-shortage';
import { deadlockDetected, insufficientPrivilege, lockNotAvailable, sqlStateOf } from './sql-state';

/** Target and lock timeout of a migration. */
export interface ApplyPostgresqlMigrationsOptions {
  readonly shipped: readonly ShippedMigration[];
  /** Time to wait for each lock of another connection, in milliseconds. */
  readonly lockTimeoutMs: number;
  /** The schema that names without one lead to, where it is to be made if it is missing. */
  readonly schema?: string | undefined;
}

/** SQLSTATE values of a failed wait for the lock of another connection. */
const busyStates = new Set([lockNotAvailable, deadlockDetected]);

/** Failures of the connection, of the server's resources or of a server that takes no writes, by their beginning. */
const outerStates = /^(?:08|53|57P|25006)/;

/**
 * Applies the migrations that a database lacks and returns their names, in order. All of them are one transaction: when
 * it fails, the database and its history are unchanged. Several processes, also of Prisma's CLI, may do this at once;
 * only one of them applies the migrations.
 *
 * The lock is the one that Prisma's schema engine takes, but it is bound to the transaction. So it also works behind a
 * pooler, which may use another session for each transaction. The engine is loaded only when a migration is pending.
 *
 * @param client - connected, for exclusive use; the caller ends it.
 * @throws MigrationError, or the error of the driver when the connection or the server fails.
 */
export async function applyPostgresqlMigrations(
  client: Client,
  options: ApplyPostgresqlMigrationsOptions,
): Promise<string[]> {
  // An error that breaks the connection fails the statement, and is also emitted here: without a listener it would end
  // the process.
  client.on('error', () => undefined);
  // Statements that follow a wait for a lock have to see what was committed meanwhile.
  await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
  try {
    // Zero is no limit, which is right for the statements of a migration, and wrong for locks.
    const lockTimeout = Math.max(1, Math.ceil(options.lockTimeoutMs));
    await client.query(`SET LOCAL lock_timeout = ${lockTimeout}; SET LOCAL statement_timeout = 0`);
    await client.query('SET LOCAL datestyle = ISO');
    await client.query('SELECT pg_advisory_xact_lock(72707369)');
    const applied = await applyPending(client, options);
    await client.query('COMMIT');
    return applied;
  } catch (error) {
    // A connection that fails here has lost its transaction anyway.
    await client.query('ROLLBACK').catch(() => undefined);
    throw busyStates.has(sqlStateOf(error) ?? '') ? busy(error) : error;
  }
}

async function applyPending(client: Client, { shipped, schema }: ApplyPostgresqlMigrationsOptions): Promise<string[]> {
  const query = queryOn(client);
  const state = await inspectInTransaction(query, shipped);
  assertMigratable(state);
  if (state.pending.length === 0) return [];
  if (state.applied.length === 0 && (await hasTables(query))) {
    throw new MigrationError('not-empty', 'the database holds other tables, and no history of migrations');
  }
  const failures: unknown[] = [];
  const factory = new PostgresqlMigrationAdapterFactory({
    open: async () => ({
      connect: () => Promise.resolve(client),
      schema: await currentSchema(query),
      // The transaction holds the lock already, and for no longer than it lasts.
      lock: () => Promise.resolve(),
    }),
    openShadow: () => Promise.reject(new Error('Nothing is compared')),
    onFailed: (error) => failures.push(error),
  });
  try {
    if (schema !== undefined) await reporting(failures, createMissingSchema(query, schema));
    return await runSchemaEngine(factory, { provider: 'postgresql', shipped });
  } catch (error) {
    throw await toMigrationError(query, shipped, failures.at(0), error);
  }
}

async function reporting<T>(failures: unknown[], work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    failures.push(error);
    throw error;
  });
}

/** Returns the schema that unqualified names in a script refer to. */
async function currentSchema(query: PostgresqlQuery): Promise<string> {
  const { rows } = await query('SELECT current_schema()');
  const schema = rows.at(0)?.at(0);
  return typeof schema === 'string' ? schema : 'public';
}

/** Reports whether the schema holds tables, views or sequences other than those of Prisma Migrate and of extensions. */
async function hasTables(query: PostgresqlQuery): Promise<boolean> {
  const { rows } = await query(`
    SELECT 1 FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND c.relname <> '_prisma_migrations'
      AND NOT EXISTS (SELECT 1 FROM pg_depend d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    LIMIT 1`);
  return rows.length > 0;
}

/** @param failure - what the driver threw first, if it did: what follows is a consequence of it. */
async function toMigrationError(
  query: PostgresqlQuery,
  shipped: readonly ShippedMigration[],
  failure: unknown,
  error: unknown,
): Promise<unknown> {
  const state = sqlStateOf(failure);
  if (isDescriptorShortage(failure ?? error)) return failure ?? error;
  // Without an SQLSTATE it was not the server who refused, but the connection that failed.
  if (failure !== undefined && (state === undefined || busyStates.has(state) || outerStates.test(state)))
    return failure;
  // The engine has recorded which one it was; the transaction with that record is open, unless the record was refused.
  const failed = await inspectInTransaction(query, shipped).then(
    (found) => found.failed.at(0),
    () => undefined,
  );
  const message = failed === undefined ? 'the migrations could not be applied' : `migration ${failed} failed`;
  const options = { cause: failure ?? error };
  if (state !== insufficientPrivilege) return new MigrationError('failed', message, options);
  return new MigrationError('denied', `${message}: the database role lacks a privilege that is needed`, options);
}

function busy(cause: unknown): MigrationError {
  return new MigrationError('busy', 'another connection holds a lock on the database', { cause });
}
