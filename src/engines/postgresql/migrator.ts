import type { Client } from 'pg';
import { Failure } from '../../errors/failure';
import { isConnectionFault } from './errors/failure';
import { inspectPostgresqlMigrations } from '../../migrations/inspect-postgresql-migrations';
import type { MigrationState } from '../../migrations/migration-state';
import type { PostgresqlQuery } from '../../migrations/postgresql-query';
import { readShippedMigrations } from '../../migrations/shipped-migrations';
import { insufficientPrivilege, sqlStateOf } from '../../migrations/sql-state';
import { chainStart, type ChainLink } from '../../events/chain/hashing';
import { chainStatements } from '../../events/chain/statements';
import { backfillHashes } from '../../events/chain/backfill';
import type { Row } from '../../sql/statement';
import { Migrator } from '../../migrations/migrator';
import { runStatement } from './connections';
import { inspectFeedCounter, repairFeedCounter } from './feed-counter';
import { feedLockSql, postgresqlDialect } from './dialect';
import { PostgresqlTransactionHandle } from './transaction-handle';
import { assertEncoding, serverEncodingSql } from './server-encoding';

/**
 * Default time to wait for the lock of another connection, in milliseconds: Prisma's CLI waits as long for the same
 * lock.
 */
const defaultLockTimeoutMs = 10_000;

/** Selects a migration history in a schema of the search path that the role may not use. */
const hiddenHistorySql = `SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relname = '_prisma_migrations' AND NOT has_schema_privilege(n.oid, 'USAGE') AND n.nspname IN (
    SELECT btrim(name, ' "') FROM unnest(string_to_array(current_setting('search_path'), ',')) AS path(name))`;

/** Access of the migrator to a PostgreSQL database. */
export interface PostgresqlMigratorAccess {
  /** Runs one statement on any connection. */
  readonly query: PostgresqlQuery;
  /** Returns a connection for exclusive use; the migrator ends it. */
  readonly connect: () => Promise<Client>;
  readonly lockTimeoutMs?: number | undefined;
  /** The schema that its connections use, where that is not the role's own choice: it is made if it is missing. */
  readonly schema?: string | undefined;
}

/** Looks after the schema of a PostgreSQL database. */
export class PostgresqlMigrator extends Migrator {
  readonly #access: PostgresqlMigratorAccess;

  constructor(access: PostgresqlMigratorAccess) {
    super();
    this.#access = access;
  }

  protected async inspect(): Promise<MigrationState> {
    try {
      const state = await inspectPostgresqlMigrations(this.#access.query, readShippedMigrations('postgresql'));
      if (state.applied.length === 0) await this.#assertNotHidden();
      return state;
    } catch (error) {
      // The privileges to connect and to change a setting are different ones.
      if (error instanceof Failure || sqlStateOf(error) !== insufficientPrivilege || isConnectionFault(error))
        throw error;
      throw historyDenied(error);
    }
  }

  // The server omits a schema that the role may not use from the search path, so that its tables seem to be missing.
  async #assertNotHidden(): Promise<void> {
    const { rows } = await this.#access.query(hiddenHistorySql);
    if (rows.length > 0) throw historyDenied();
  }

  protected async applyPending(): Promise<string[]> {
    const { applyPostgresqlMigrations } = await import('../../migrations/apply-postgresql-migrations.js');
    const { connect, lockTimeoutMs = defaultLockTimeoutMs, schema } = this.#access;
    const shipped = readShippedMigrations('postgresql');
    const client = await connect();
    try {
      const { rows } = await client.query<[unknown]>({ text: serverEncodingSql, rowMode: 'array' });
      assertEncoding(rows[0]?.[0]);
      return await applyPostgresqlMigrations(client, { shipped, lockTimeoutMs, schema });
    } finally {
      await client.end();
    }
  }

  /** Computes the hashes of the entries of events that were recorded before the chain existed. */
  protected override async complete(): Promise<void> {
    const { query, connect } = this.#access;
    const { rows } = await query(chainStatements(postgresqlDialect).lacksHashes.sql);
    if (rows.length === 0) return;
    const client = await connect();
    try {
      for (let link: ChainLink | undefined = chainStart; link !== undefined;) {
        const after: ChainLink = link;
        await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
        const tx = new PostgresqlTransactionHandle((statement) => runStatement(client, statement));
        link = await backfillHashes(tx, after, Date.now());
        await tx.flush();
        await client.query('COMMIT');
      }
    } finally {
      // This also ends a transaction that is not committed.
      await client.end();
    }
  }

  /** Moves the counter of the change feed forward when rows were copied without it. */
  protected override async repair(): Promise<void> {
    const { query, connect } = this.#access;
    const state = await inspectFeedCounter(async (sql) => (await query(sql)).rows);
    if (state !== 'behind') return;
    const client = await connect();
    try {
      const run = async (sql: string): Promise<readonly Row[]> => (await runStatement(client, { sql, args: [] })).rows;
      await repairFeedCounter(run, feedLockSql);
    } finally {
      // This also ends a transaction that is not committed.
      await client.end();
    }
  }
}

function historyDenied(cause?: unknown): Failure {
  const message = 'the database role may not read the migration history';
  return new Failure('PERMISSION_DENIED', message, { cause });
}
