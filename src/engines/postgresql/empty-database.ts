import type { PostgresqlLocation } from '../../options/database-url';
import type { PoolSettings } from '../../options/resolve-options';
import { ownTables } from '../../storage/own-tables';
import { PostgresqlConnections } from './connections';

// Does not use CASCADE, so that the statement fails when a table of the application refers to one of these tables.
const truncateSql = `TRUNCATE ${[...ownTables].join(', ')}`;

/** Deletes all records of this package in one statement. Keeps the schema and the history of migrations. */
export async function emptyPostgresqlDatabase(location: PostgresqlLocation, settings: PoolSettings): Promise<void> {
  const connections = new PostgresqlConnections(location, settings);
  try {
    await connections.query(truncateSql);
  } finally {
    await connections.close();
  }
}
