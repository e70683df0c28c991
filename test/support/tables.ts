/** The package's tables with their key columns; a table comes before those that it references. */
const tables = {
  agent_metadata: ['agent_id', 'key'],
  agent_capabilities: ['agent_id', 'capability_id'],
  endpoints: ['agent_id', 'id'],
  agents: ['id'],
  capabilities: ['name'],
  certificate_metadata: ['certificate_id', 'key'],
  certificates: ['id'],
  security_event_metadata: ['event_id', 'key'],
  security_events: ['id'],
  security_event_entries: ['sequence'],
  security_event_pending_entries: ['id'],
  security_event_checkpoints: ['sequence'],
  changes: ['sequence'],
  name_locks: ['bucket'],
  change_prunings: ['sequence'],
} as const;

export type Table = keyof typeof tables;

export const tableNames = Object.keys(tables) as Table[];

/** All tables except name_locks, in which a refused call may leave a row without any effect. */
export const recordTables = tableNames.filter((table) => table !== 'name_locks');

/** Returns the SQL that selects all rows of a table in the order of its key. */
export function selectAll(table: Table): string {
  return `SELECT * FROM ${table} ORDER BY ${tables[table].join(', ')}`;
}
