import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { DriverAdapterError } from '@prisma/driver-adapter-utils';
import SqliteDriver from 'better-sqlite3';
import { hasMigrationHistory } from './sqlite-history';
import { SqliteMigrationAdapterFactory } from './sqlite-adapter';
import { toResultCode } from './sqlite-script-error';
import type { Database } from './database';
import { EngineError, migrationFailed } from './engine-error';

/** SQLite database file with one connection, which is opened when it is first needed. */
export class SqliteDatabase implements Database {
  readonly adapterFactory = new SqliteMigrationAdapterFactory({
    connect: () => this.#connect(),
    connectToShadow: () => new SqliteDriver(':memory:'),
    onScriptFailed: (error) => (this.#scriptFailure = error),
  });
  /** Same as {@link adapterFactory}, because the engine does not open the database for a comparison of files. */
  readonly offlineAdapterFactory = this.adapterFactory;
  readonly #path: string;
  #connection: SqliteDriver.Database | undefined;
  #scriptFailure: unknown;

  constructor(path: string) {
    this.#path = path;
  }

  check(): Promise<void> {
    return settle(() => {
      this.#assertExists(new EngineError('P1003', `Database \`${basename(this.#path)}\` does not exist`));
      try {
        this.#connect().pragma('schema_version');
      } catch (error) {
        throw new EngineError('P1001', `Can't open the database file at \`${this.#path}\`: ${toMessage(error)}`);
      }
    });
  }

  create(): Promise<string> {
    return settle(() => {
      mkdirSync(dirname(this.#path), { recursive: true });
      new SqliteDriver(this.#path).close();
      return this.#path;
    });
  }

  async prepareForScript(): Promise<void> {
    await this.create();
  }

  async drop(): Promise<void> {
    await this.close();
    rmSync(this.#path);
    for (const suffix of ['-wal', '-shm', '-journal']) rmSync(this.#path + suffix, { force: true });
  }

  empty(): Promise<void> {
    return settle(() => {
      const connection = this.#connect();
      connection.pragma('foreign_keys = OFF');
      connection.exec('BEGIN IMMEDIATE');
      try {
        // Drops the virtual tables first. This also drops their shadow tables, which cannot be dropped by themselves.
        for (const condition of ["type = 'view'", "sql LIKE 'CREATE VIRTUAL%'", "type = 'table'"]) {
          dropAll(connection, condition);
        }
        connection.exec('PRAGMA user_version = 0; COMMIT');
      } catch (error) {
        if (connection.inTransaction) connection.exec('ROLLBACK');
        throw error;
      }
      connection.pragma('foreign_keys = ON');
      connection.exec('VACUUM');
    });
  }

  hasHistory(): Promise<boolean> {
    return settle(() => hasMigrationHistory(this.#connect()));
  }

  explain(method: string): Promise<EngineError | undefined> {
    return settle(() => {
      if (method !== 'applyMigrations' || this.#scriptFailure === undefined) return undefined;
      // There is at most one failed migration, because a failed migration blocks all later ones.
      const failed =
        'SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NULL AND rolled_back_at IS NULL';
      const name = this.#connect().prepare<[], string>(failed).pluck().get() ?? 'unknown';
      return migrationFailed(name, String(toResultCode(this.#scriptFailure)), toMessage(this.#scriptFailure));
    });
  }

  close(): Promise<void> {
    return settle(() => {
      this.#connection?.close();
      this.#connection = undefined;
    });
  }

  #connect(): SqliteDriver.Database {
    if (this.#connection !== undefined) return this.#connection;
    this.#assertExists(new DriverAdapterError({ kind: 'DatabaseDoesNotExist', db: basename(this.#path) }));
    this.#connection = new SqliteDriver(this.#path, { fileMustExist: true });
    return this.#connection;
  }

  #assertExists(error: Error): void {
    if (!existsSync(this.#path)) throw error;
  }
}

function dropAll(connection: SqliteDriver.Database, condition: string): void {
  const objects = `SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND ${condition}`;
  for (const [type, name] of connection.prepare<[], [string, string]>(objects).raw().all()) {
    connection.exec(`DROP ${type} "${name.replaceAll('"', '""')}"`);
  }
}

/** Runs synchronous code of the driver, and returns the result as a promise, because the interface is asynchronous. */
async function settle<T>(run: () => T): Promise<T> {
  return Promise.resolve(run());
}

function toMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
