import type { Client } from 'pg';
import { Failure } from '../../../errors/failure';
import { postgresqlMigrations } from '../../../migrations/embedded/postgresql';
import type { HistoryEntry } from '../../../migrations/history';
import { isOwnMigration } from '../../../migrations/migration';
import { Migrator } from '../../../migrations/migrator';
import type { Row } from '../../../sql/statement';
import { runStatement } from '../connections';
import { isConnectionFault } from '../errors/classify';
import { inspectFeedCounter, repairFeedCounter } from '../feed-counter';
import type { PostgresqlQuery } from '../query';
import { assertEncoding, serverEncodingSql } from '../server-encoding';
import { findSqlState, insufficientPrivilege } from '../sql-state';
import { withMigrationTransaction } from './apply';
import { readHistory } from './history';

/** Default of the maximum time to wait for a lock, in milliseconds. Prisma's CLI has the same default. */
const defaultLockTimeoutMs = 10_000;

/**
 * Selects a row when the role lacks the privilege USAGE on a schema of the search path that contains a migration
 * history.
 */
const hiddenHistorySql = `SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relname = '_prisma_migrations' AND NOT has_schema_privilege(n.oid, 'USAGE') AND n.nspname IN (
    SELECT btrim(name, ' "') FROM unnest(string_to_array(current_setting('search_path'), ',')) AS path(name))`;

/** Functions and settings with which the migrator reaches a PostgreSQL database. */
export interface PostgresqlMigratorAccess {
  /** Runs one statement on any connection. */
  readonly query: PostgresqlQuery;
  /** Opens a connection for exclusive use. The migrator ends the connection. */
  readonly connect: () => Promise<Client>;
  readonly lockTimeoutMs?: number | undefined;
  /**
   * Schema that the URL names. The migrator creates a missing schema. When undefined, the search path of the role
   * applies.
   */
  readonly schema?: string | undefined;
}

/** Creates the migrator of a PostgreSQL database. */
export function createPostgresqlMigrator(access: PostgresqlMigratorAccess): Migrator {
  const { query, connect, schema, lockTimeoutMs = defaultLockTimeoutMs } = access;
  return new Migrator({
    migrations: postgresqlMigrations,
    readHistory: () => readVisibleHistory(query),
    transaction: async (work) => {
      const client = await connect();
      try {
        const { rows } = await client.query<[unknown]>({ text: serverEncodingSql, rowMode: 'array' });
        assertEncoding(rows[0]?.[0]);
        return await withMigrationTransaction(client, { lockTimeoutMs, schema }, work);
      } finally {
        await client.end();
      }
    },
    repair: () => repair(access),
  });
}

async function readVisibleHistory(query: PostgresqlQuery): Promise<readonly HistoryEntry[]> {
  try {
    const history = (await readHistory(query)) ?? [];
    if (!history.some(({ name }) => isOwnMigration(name))) await assertNotHidden(query);
    return history;
  } catch (error) {
    // An error of the connection does not count: it is about another privilege, such as the one to connect.
    const isDenied = findSqlState(error) === insufficientPrivilege && !isConnectionFault(error);
    throw isDenied ? historyDenied(error) : error;
  }
}

// Fails if the role lacks the privilege USAGE on a schema with a migration history. The server omits such a schema from
// the search path, so its tables seem to be missing.
async function assertNotHidden(query: PostgresqlQuery): Promise<void> {
  const { rows } = await query(hiddenHistorySql);
  if (rows.length > 0) throw historyDenied();
}

/**
 * Moves the sequence of the change feed forward when it is behind, for example after rows were copied without the
 * sequence.
 */
async function repair({ query, connect }: PostgresqlMigratorAccess): Promise<void> {
  const state = await inspectFeedCounter(async (sql) => (await query(sql)).rows);
  if (state !== 'behind') return;
  const client = await connect();
  try {
    const run = async (sql: string): Promise<readonly Row[]> => (await runStatement(client, { sql, args: [] })).rows;
    await repairFeedCounter(run);
  } finally {
    // Ends the connection, which also rolls back a transaction that was not committed.
    await client.end();
  }
}

function historyDenied(cause?: unknown): Failure {
  const message = 'the database role may not read the migration history';
  return new Failure('PERMISSION_DENIED', message, { cause });
}
