import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import type { Datasource } from './arguments';
import { isPostgresqlUrl, isSqliteUrl, toDatabasePath } from './database-url';
import { EngineError } from './engine-error';
import { PostgresqlDatabase } from './postgresql-database';
import { SqliteDatabase } from './sqlite-database';

/** Services that the engine requires, with one implementation for each kind of database. */
export interface Database {
  /** Opens connections for the engine, the first one when it needs it. */
  readonly adapterFactory: SqlMigrationAwareDriverAdapterFactory;

  /** The same for what compares files only: it works without the database. */
  readonly offlineAdapterFactory: SqlMigrationAwareDriverAdapterFactory;

  /** Throws an `EngineError` where there is no database, or none that can be opened. */
  check(): Promise<void>;

  /** Makes an empty database unless there is one, and returns its name. */
  create(): Promise<string>;

  /** Sees to it that a script can be run: makes a database that is no more than a file, and throws where another lacks. */
  prepareForScript(): Promise<void>;

  /** Removes the database. */
  drop(): Promise<void>;

  /** Leaves nothing in the database: no tables, no history. */
  empty(): Promise<void>;

  /** Reports whether Prisma Migrate keeps a history in this database. */
  hasHistory(): Promise<boolean>;

  /** Returns the error for the CLI when the engine, which has failed in `method`, cannot report what happened. */
  explain(method: string): Promise<EngineError | undefined>;

  close(): Promise<void>;
}

export function openDatabase({ url = '', shadowDatabaseUrl }: Datasource): Database {
  if (isSqliteUrl(url)) return new SqliteDatabase(toDatabasePath(url));
  if (isPostgresqlUrl(url)) return new PostgresqlDatabase(url, shadowDatabaseUrl);
  const message = 'The provided database string is invalid. It has to start with `file:` or with `postgresql:`.';
  throw new EngineError('P1013', message);
}
