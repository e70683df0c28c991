/*
 * Constraints that the migrations of this package create on both SQLite and PostgreSQL. The folder of each engine lists
 * the constraints that only this engine has. All other constraints belong to the application. A test compares these
 * lists with databases to which all migrations were applied.
 */

/**
 * Primary keys and unique indexes of this package. Each property name is the name of a key that PostgreSQL reports;
 * each value lists the columns of the key, as SQLite reports them.
 */
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
  security_event_pending_entries_pkey: 'security_event_pending_entries.id',
  security_events_pkey: 'security_events.id',
};

/** Columns that the migrations of this package declare NOT NULL, by table. */
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
  security_event_pending_entries: ['digest', 'entered_at', 'event_id', 'id', 'kind'],
  security_events: [
    ...['description', 'event_type', 'id', 'mitigation_applied', 'severity', 'source', 'target', 'timestamp'],
  ],
};

/** Columns of this package's tables that can be null, by table. */
export const ownOptionalColumns: Readonly<Record<string, readonly string[]>> = {
  agents: [
    ...['default_endpoint_id', 'deprecated_at', 'deprecation_reason', 'description', 'successor_id', 'unique_key'],
    'version_key',
  ],
  certificates: ['replaced_by', 'revocation_reason', 'revoked_at', 'serial_number'],
  endpoints: ['health_message', 'metadata'],
  security_event_entries: ['mitigation_applied', 'mitigation_details'],
  security_event_pending_entries: ['mitigation_applied', 'mitigation_details'],
  security_events: ['mitigation_details'],
};

/** Reports whether this package's schema declares the column NOT NULL. */
export function isOwnRequiredColumn(table: string, column: string): boolean {
  return Object.hasOwn(ownRequiredColumns, table) && ownRequiredColumns[table]?.includes(column) === true;
}
