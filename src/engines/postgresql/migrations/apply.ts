import type { Client } from 'pg';
import { Failure } from '../../../errors/failure';
import type { HistoryEntry, HistoryRow } from '../../../migrations/history';
import type { Migration } from '../../../migrations/migration';
import type { ExistingSchema, MigrationTransaction } from '../../../migrations/runner';
import { createMissingSchema } from '../create-schema';
import { queryOn, type PostgresqlQuery } from '../query';
import { deadlockDetected, findSqlState, insufficientPrivilege, lockNotAvailable } from '../sql-state';
import { createHistory, readHistoryInTransaction, recordMigration } from './history';

/** Settings of a transaction that applies migrations. */
export interface MigrationSettings {
  /** Maximum time to wait for each lock of another connection, in milliseconds. */
  readonly lockTimeoutMs: number;
  /**
   * Schema for unqualified names. The migration creates a missing schema. When undefined, the search path of the role
   * applies.
   */
  readonly schema?: string | undefined;
}

/** SQLSTATE values of a statement that could not get a lock of another connection. */
const busyStates: ReadonlySet<string | undefined> = new Set([lockNotAvailable, deadlockDetected]);

/**
 * Prefixes of SQLSTATE values that are not the fault of a migration: a lost connection, a lack of resources, a shutdown
 * of the server, or a server that rejects writes.
 */
const serverFailures = /^(?:08|53|57P|25006)/;

/**
 * Selects a row when the schema contains a table, view or sequence. Ignores the migration history and parts of an
 * extension.
 */
const objectsSql = `
  SELECT 1 FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    AND c.relname <> '_prisma_migrations'
    AND NOT EXISTS (SELECT 1 FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  LIMIT 1`;

/**
 * Runs `work` in a transaction for migrations. The transaction takes the advisory lock of Prisma's schema engine, so
 * that only one process migrates at a time, including Prisma's CLI. The lock ends with the transaction, while Prisma's
 * lock ends with the session. So the lock also works behind a pooler, which may use another session for each
 * transaction.
 *
 * @param client - connected client, for exclusive use. The caller must end the client.
 * @throws the errors of `work`, after a rollback; BUSY when a lock was not available in time or after a deadlock.
 */
export async function withMigrationTransaction<T>(
  client: Client,
  { lockTimeoutMs, schema }: MigrationSettings,
  work: (transaction: MigrationTransaction) => Promise<T>,
): Promise<T> {
  // Ignores the event that the client emits when an error breaks the connection. Without a listener, the event would
  // end the process.
  client.on('error', () => undefined);
  // Uses READ COMMITTED, so that statements see what other processes have committed during the wait for the lock.
  await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
  try {
    // Uses at least 1 ms, because 0 would mean no limit. The statements of a migration have no time limit.
    const lockTimeout = Math.max(1, Math.ceil(lockTimeoutMs));
    await client.query(`SET LOCAL lock_timeout = ${lockTimeout}; SET LOCAL statement_timeout = 0`);
    await client.query('SELECT pg_advisory_xact_lock(72707369)');
    const result = await work(new PostgresqlMigrationTransaction(client, schema));
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // Ignores an error of ROLLBACK: if the connection has failed, the server has already rolled back.
    await client.query('ROLLBACK').catch(() => undefined);
    if (!busyStates.has(findSqlState(error))) throw error;
    throw new Failure('BUSY', 'another connection holds a lock on the database: try again later', { cause: error });
  }
}

class PostgresqlMigrationTransaction implements MigrationTransaction {
  readonly #client: Client;
  readonly #query: PostgresqlQuery;
  readonly #schema: string | undefined;

  constructor(client: Client, schema: string | undefined) {
    this.#client = client;
    this.#query = queryOn(client);
    this.#schema = schema;
  }

  readHistory(): Promise<HistoryEntry[] | undefined> {
    return readHistoryInTransaction(this.#query);
  }

  createHistory(): Promise<void> {
    return this.#change('the migrations could not be applied', async () => {
      if (this.#schema !== undefined) await createMissingSchema(this.#query, this.#schema);
      await createHistory(this.#query);
    });
  }

  /** Returns `empty` or `other`. Never returns `initial`, which only SQLite databases can have. */
  async inspectSchema(): Promise<ExistingSchema> {
    const { rows } = await this.#query(objectsSql);
    return rows.length === 0 ? 'empty' : 'other';
  }

  run({ name, sql }: Migration): Promise<void> {
    return this.#change(`migration ${name} failed`, () => this.#client.query(sql));
  }

  record(row: HistoryRow): Promise<void> {
    return this.#change('the migrations could not be applied', () => recordMigration(this.#query, row));
  }

  async #change(message: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      const state = findSqlState(cause);
      // An error without an SQLSTATE comes from the connection.
      if (state === undefined || busyStates.has(state) || serverFailures.test(state)) throw cause;
      if (state !== insufficientPrivilege) throw new Failure('MIGRATION_FAILED', message, { cause });
      throw new Failure('PERMISSION_DENIED', `${message}: the database role lacks a required privilege`, { cause });
    }
  }
}
