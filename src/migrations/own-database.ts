import type { Database } from 'better-sqlite3';
import { hasMigrationHistory } from './migration-history';
import { hasSeedTables } from './seed-schema';
import { readShippedMigrations } from './shipped-migrations';

/** Reports whether a SQLite database is one of this package: by a migration in its history, or by its tables. */
export function isOwnDatabase(connection: Database): boolean {
  return hasOwnMigration(connection) || hasSeedTables(connection);
}

function hasOwnMigration(connection: Database): boolean {
  if (!hasMigrationHistory(connection)) return false;
  const names = connection.prepare<[], string>('SELECT migration_name FROM _prisma_migrations').pluck().all();
  const shipped = new Set(readShippedMigrations('sqlite').map(({ name }) => name));
  return names.some((name) => shipped.has(name));
}
