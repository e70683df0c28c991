import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import pg from 'pg';
import { PostgresqlMigrationAdapterFactory } from './postgresql-adapter';
import { findSqlState } from '../../src/engines/postgresql/sql-state';
import type { Database } from './database';
import { EngineError, migrationFailed } from './engine-error';
import { offlinePostgresql } from './offline-postgresql';
import { dropAllObjects } from './postgresql-objects';
import { PostgresqlServer } from './postgresql-server';
import { ShadowDatabases } from './postgresql-shadows';
import { toServerText } from './postgresql-server-text';

const defaultSchema = 'public';

/**
 * SQLSTATEs with which CREATE DATABASE fails when the database exists, or when another session is creating it:
 * duplicate_database, unique_violation.
 */
const madeStates = new Set(['42P04', '23505']);

/** PostgreSQL database with one connection, which is opened when it is first needed. */
export class PostgresqlDatabase implements Database {
  readonly adapterFactory = new PostgresqlMigrationAdapterFactory({
    open: async () => ({
      connect: () => this.#connect(),
      schema: await this.#findSchema(),
      lock: () => this.#lock(),
    }),
    openShadow: () => this.#shadows.open(),
    onFailed: (error) => (this.#failure = error),
  });
  readonly offlineAdapterFactory: SqlMigrationAwareDriverAdapterFactory;
  readonly #server: PostgresqlServer;
  readonly #shadows: ShadowDatabases;
  #client: Promise<pg.Client> | undefined;
  #failure: unknown;

  /** @param shadowUrl - database on which migrations are replayed. By default, one is created and dropped. */
  constructor(url: string, shadowUrl: string | undefined) {
    this.#server = new PostgresqlServer(url);
    this.offlineAdapterFactory = offlinePostgresql(this.#server.schema ?? defaultSchema);
    this.#shadows = new ShadowDatabases({
      server: this.#server,
      connect: () => this.#connect(),
      findSchema: () => this.#findSchema(),
      given: shadowUrl === undefined ? undefined : new PostgresqlServer(shadowUrl),
    });
  }

  async check(): Promise<void> {
    const client = await this.#server.connect();
    await client.end();
  }

  async create(): Promise<string> {
    try {
      await this.#connect();
    } catch (error) {
      if (!isCode(error, 'P1003')) throw error;
      await this.#onServer(`CREATE DATABASE ${pg.escapeIdentifier(this.#server.database)}`).catch(exceptIfMade);
    }
    return this.#server.database;
  }

  prepareForScript(): Promise<void> {
    return this.check();
  }

  async drop(): Promise<void> {
    await this.close();
    await this.#onServer(`DROP DATABASE ${pg.escapeIdentifier(this.#server.database)}`);
  }

  async empty(): Promise<void> {
    await dropAllObjects(await this.#connect());
  }

  async hasHistory(): Promise<boolean> {
    const client = await this.#connect();
    const { rowCount } = await client.query("SELECT 1 WHERE to_regclass('_prisma_migrations') IS NOT NULL");
    return rowCount === 1;
  }

  async explain(method: string): Promise<EngineError | undefined> {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure instanceof EngineError) return failure;
    const state = findSqlState(failure);
    if (method !== 'applyMigrations' || state === undefined) return undefined;
    const name = await this.#failedMigration();
    return name === undefined ? undefined : migrationFailed(name, state, toServerText(failure));
  }

  async close(): Promise<void> {
    await this.#shadows.close();
    const client = this.#client;
    this.#client = undefined;
    await client?.then((connected) => connected.end()).catch(() => undefined);
  }

  /** Returns the failed migration. There is at most one, because a failed migration blocks all later ones. */
  async #failedMigration(): Promise<string | undefined> {
    if (!(await this.hasHistory())) return undefined;
    const client = await this.#connect();
    const text = 'SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NULL AND rolled_back_at IS NULL';
    const { rows } = await client.query<[string]>({ text, rowMode: 'array' });
    return rows[0]?.[0];
  }

  #connect(): Promise<pg.Client> {
    this.#client ??= this.#openClient().catch((error: unknown) => {
      this.#client = undefined;
      throw error;
    });
    return this.#client;
  }

  async #openClient(): Promise<pg.Client> {
    const client = await this.#server.connect();
    if (this.#server.schema !== undefined) await this.#server.useSchema(client, this.#server.schema);
    return client;
  }

  /**
   * Returns the schema of the URL, or otherwise the first schema of the search path. The engine needs it before it
   * connects.
   */
  async #findSchema(): Promise<string> {
    if (this.#server.schema !== undefined) return this.#server.schema;
    try {
      const client = await this.#connect();
      const { rows } = await client.query<[string | null]>({ text: 'SELECT current_schema()', rowMode: 'array' });
      return rows[0]?.[0] ?? defaultSchema;
    } catch {
      return defaultSchema;
    }
  }

  /** Locks the database until the connection ends. The engine limits the time of the wait. */
  async #lock(): Promise<void> {
    // Prisma defines this environment variable for poolers that do not support session locks.
    if (process.env['PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK'] !== undefined) return;
    const client = await this.#connect();
    await client.query('SELECT pg_advisory_lock(72707369)');
  }

  /** Runs a statement that creates or drops the database, on another database of the server. */
  async #onServer(statement: string): Promise<void> {
    // Most servers have a database `postgres`, but it may have been dropped. `template1` always exists.
    const client = await this.#server.connect('postgres').catch((error: unknown) => {
      if (isCode(error, 'P1003')) return this.#server.connect('template1');
      throw error;
    });
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof EngineError && error.code === code;
}

/** Ignores the error that another command has created the database at the same time. */
function exceptIfMade(error: unknown): void {
  if (!madeStates.has(findSqlState(error) ?? '')) throw error;
}
