/** The package's tables with the columns that tell their rows apart; those that refer to others come before them. */
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
  security_event_checkpoints: ['sequence'],
  changes: ['sequence'],
  name_locks: ['bucket'],
  change_prunings: ['sequence'],
} as const;

export type Table = keyof typeof tables;

export const tableNames = Object.keys(tables) as Table[];

/** Those that hold records; a row of name_locks means nothing, and a call that is refused may leave one. */
export const recordTables = tableNames.filter((table) => table !== 'name_locks');

/** All of a table, in the order of its key: texts by code point on either engine. */
export function selectAll(table: Table): string {
  return `SELECT * FROM ${table} ORDER BY ${tables[table].join(', ')}`;
}
