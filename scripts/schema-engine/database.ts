import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import type { Datasource } from './arguments';
import { isPostgresqlUrl, isSqliteUrl, toDatabasePath } from '../../src/prisma-config/prisma-url';
import { EngineError } from './engine-error';
import { PostgresqlDatabase } from './postgresql-database';
import { SqliteDatabase } from './sqlite-database';

/** Operations on a database that Prisma's schema engine requires. Each kind of database has an implementation. */
export interface Database {
  /** Factory that opens connections for the schema engine when it needs them. */
  readonly adapterFactory: SqlMigrationAwareDriverAdapterFactory;

  /** Factory of connections for comparisons of files, which need no database. */
  readonly offlineAdapterFactory: SqlMigrationAwareDriverAdapterFactory;

  /** Checks that the database can be opened. @throws EngineError when it does not exist or cannot be opened. */
  check(): Promise<void>;

  /** Creates an empty database unless it exists, and returns its name. */
  create(): Promise<string>;

  /** Ensures that a script can run. Creates a missing database file, and throws for a missing database on a server. */
  prepareForScript(): Promise<void>;

  /** Removes the database itself. */
  drop(): Promise<void>;

  /** Drops everything in the database, including the migration history. */
  empty(): Promise<void>;

  /** Reports whether this database contains a migration history of Prisma Migrate. */
  hasHistory(): Promise<boolean>;

  /** Returns the error for the CLI after a failure in `method` that the engine itself cannot describe. */
  explain(method: string): Promise<EngineError | undefined>;

  close(): Promise<void>;
}

export function openDatabase({ url = '', shadowDatabaseUrl }: Datasource): Database {
  if (isSqliteUrl(url)) return new SqliteDatabase(toDatabasePath(url));
  if (isPostgresqlUrl(url)) return new PostgresqlDatabase(url, shadowDatabaseUrl);
  const message = 'The provided database string is invalid. It has to start with `file:` or with `postgresql:`.';
  throw new EngineError('P1013', message);
}
