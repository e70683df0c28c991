/*
 * Constraints that the migrations of this package create, on both engines. Any other constraint belongs to the
 * application. A test compares these lists with the databases after all migrations.
 */

/** Primary keys and unique indexes: PostgreSQL's names, and the columns as SQLite reports them. */
export const ownKeys: Readonly<Record<string, string>> = {
  agent_capabilities_pkey: 'agent_capabilities.agent_id, agent_capabilities.capability_id',
  agent_metadata_pkey: 'agent_metadata.agent_id, agent_metadata.key',
  agents_pkey: 'agents.id',
  agents_unique_key: 'agents.unique_key',
  capabilities_name_key: 'capabilities.name',
  capabilities_pkey: 'capabilities.id',
  certificate_metadata_pkey: 'certificate_metadata.certificate_id, certificate_metadata.key',
  certificates_fingerprint_key: 'certificates.fingerprint_key',
  certificates_pkey: 'certificates.id',
  change_prunings_pkey: 'change_prunings.sequence',
  changes_pkey: 'changes.sequence',
  endpoints_pkey: 'endpoints.agent_id, endpoints.id',
  name_locks_pkey: 'name_locks.bucket',
  security_event_checkpoints_pkey: 'security_event_checkpoints.sequence',
  security_event_entries_pkey: 'security_event_entries.sequence',
  security_event_metadata_pkey: 'security_event_metadata.event_id, security_event_metadata.key',
  security_events_pkey: 'security_events.id',
};

/** Primary keys and unique indexes of tables that exist on SQLite only. */
export const ownSqliteKeys: readonly string[] = ['agent_names.agent_id', 'agent_names.key'];

/** Columns that must not be null, by table. */
export const ownRequiredColumns: Readonly<Record<string, readonly string[]>> = {
  agent_capabilities: ['agent_id', 'capability_id'],
  agent_metadata: ['agent_id', 'key', 'value'],
  agent_names: ['agent_id', 'key', 'name_folded'],
  agents: [
    ...['certificate_id', 'created_at', 'expires_at', 'id', 'name', 'name_folded'],
    ...['owner', 'public_key', 'status', 'updated_at', 'version'],
  ],
  capabilities: ['id', 'name'],
  certificate_metadata: ['certificate_id', 'key', 'value'],
  certificates: [
    ...['certificate', 'created_at', 'fingerprint', 'fingerprint_key', 'id', 'issuer', 'issuer_folded'],
    ...['not_after', 'not_before', 'public_key', 'status', 'subject', 'subject_folded'],
  ],
  change_prunings: ['sequence'],
  changes: ['changed_at', 'entity', 'entity_id', 'kind', 'sequence'],
  endpoints: ['address', 'agent_id', 'health_status', 'id', 'last_checked', 'port', 'position', 'protocol'],
  name_locks: ['bucket'],
  security_event_checkpoints: ['count', 'created_at', 'hash', 'sequence'],
  security_event_entries: ['digest', 'entered_at', 'event_id', 'hash', 'kind', 'sequence'],
  security_event_metadata: ['event_id', 'key', 'value'],
  security_events: [
    ...['description', 'event_type', 'id', 'mitigation_applied', 'severity', 'source', 'target', 'timestamp'],
  ],
};

/** Columns that may be null, by table. */
export const ownOptionalColumns: Readonly<Record<string, readonly string[]>> = {
  agents: ['default_endpoint_id', 'description', 'unique_key', 'version_key'],
  certificates: ['replaced_by', 'revocation_reason', 'revoked_at'],
  endpoints: ['health_message', 'metadata'],
  security_event_entries: ['mitigation_applied', 'mitigation_details'],
  security_events: ['mitigation_details'],
};

// On SQLite each column has a CHECK constraint. PostgreSQL needs few of them, and generates such names for constraints
// that the application adds.
const ownSqliteChecks: ReadonlySet<string> = new Set(
  [ownRequiredColumns, ownOptionalColumns].flatMap((tables) =>
    Object.entries(tables).flatMap(([table, columns]) => columns.map((column) => `${table}_${column}_check`)),
  ),
);

const ownPostgresqlChecks: ReadonlySet<string> = new Set([
  'agents_created_at_check',
  'agents_expires_at_check',
  'agents_updated_at_check',
  'certificates_created_at_check',
  'certificates_not_after_check',
  'certificates_not_before_check',
  'certificates_revocation_reason_check',
  'certificates_revoked_at_check',
  'changes_changed_at_check',
  'endpoints_last_checked_check',
  'endpoints_port_check',
  'endpoints_position_check',
  'security_event_checkpoints_count_check',
  'security_event_checkpoints_created_at_check',
  'security_event_entries_entered_at_check',
  'security_events_timestamp_check',
]);

const ownKeyColumns: ReadonlySet<string> = new Set([...Object.values(ownKeys), ...ownSqliteKeys]);

/**
 * Reports whether a primary key or unique index is this package's: by PostgreSQL's name, or by SQLite's list of
 * columns.
 */
export function isOwnKey(nameOrColumns: string): boolean {
  return Object.hasOwn(ownKeys, nameOrColumns) || ownKeyColumns.has(nameOrColumns);
}

/** Reports whether this package's schema requires a value in the column. */
export function isOwnRequiredColumn(table: string, column: string): boolean {
  return Object.hasOwn(ownRequiredColumns, table) && ownRequiredColumns[table]?.includes(column) === true;
}

/** Reports whether a CHECK constraint of a SQLite database is this package's. */
export function isOwnSqliteCheck(name: string): boolean {
  return ownSqliteChecks.has(name);
}

/** Reports whether a CHECK constraint of a PostgreSQL database is this package's. */
export function isOwnPostgresqlCheck(name: string): boolean {
  return ownPostgresqlChecks.has(name);
}

/** Reports whether a table is this package's, including Prisma's history and SQLite's own tables. */
export function isOwnTable(name: string): boolean {
  return Object.hasOwn(ownRequiredColumns, name) || /^(?:_prisma_|agent_names_|sqlite_)/.test(name);
}
