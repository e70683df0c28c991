import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';

import { isSqliteUrl, toDatabasePath } from './database-url';
import { EngineError } from './engine-error';
import { SqliteDatabase } from './sqlite-database';

/** What the engine leaves to the world around it, an implementation for each kind of database. */
export interface Database {
  /** Opens connections for the engine, the first one when it needs it. */
  readonly adapterFactory: SqlMigrationAwareDriverAdapterFactory;

  /** Throws an `EngineError` where there is no database, or none that can be opened. */
  check(): void;

  /** Makes an empty database unless there is one, and returns its name. */
  create(): string;

  /** Removes the database. */
  drop(): void;

  /** Leaves nothing in the database: no tables, no history. */
  empty(): void;

  /** Whether Prisma Migrate keeps a history in this database. */
  hasHistory(): boolean;

  /** The error for the CLI where a migration's script has failed. */
  migrationFailure(): EngineError | undefined;

  close(): void;
}

export function openDatabase(url: string | undefined): Database {
  if (url !== undefined && isSqliteUrl(url)) return new SqliteDatabase(toDatabasePath(url));
  throw new EngineError('P1013', 'The provided database string is invalid. It has to start with `file:`.');
}
