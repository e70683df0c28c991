import type { PostgresqlLocation } from '../../options/database-url';
import type { PoolSettings } from '../../options/resolve-options';
import { ownTables } from '../../storage/own-tables';
import { PostgresqlConnections } from './connections';

// Fails when a table of the application refers to one of these.
const truncateSql = `TRUNCATE ${[...ownTables].join(', ')}`;

/** Deletes every record, at once, and leaves the schema with its history. */
export async function emptyPostgresqlDatabase(location: PostgresqlLocation, settings: PoolSettings): Promise<void> {
  const connections = new PostgresqlConnections(location, settings);
  try {
    await connections.query(truncateSql);
  } finally {
    await connections.close();
  }
}
