import type { PostgresqlLocation } from '../../options/database-url';
import type { PoolSettings } from '../../options/resolve-options';
import { PostgresqlConnections } from './connections';

// The rows of the other tables belong to these. The statement fails when a table of the application refers to one of
// them.
const truncateSql = `TRUNCATE agents, endpoints, capabilities, agent_capabilities, agent_metadata, certificates,
  certificate_metadata, security_events, security_event_metadata, security_event_entries, security_event_checkpoints,
  changes, change_prunings, name_locks`;

/** Deletes every record, at once, and leaves the schema with its history. */
export async function emptyPostgresqlDatabase(location: PostgresqlLocation, settings: PoolSettings): Promise<void> {
  const connections = new PostgresqlConnections(location, settings);
  try {
    await connections.query(truncateSql);
  } finally {
    await connections.close();
  }
}
