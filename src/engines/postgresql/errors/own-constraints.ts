import { ownKeys } from '../../../errors/own-constraints';

/* Names of constraints that the migrations of this package create on PostgreSQL. */

/** Names of the foreign keys of this package. Errors of SQLite do not contain such names. */
export const ownForeignKeys: ReadonlySet<string> = new Set([
  'agent_capabilities_agent_id_fkey',
  'agent_capabilities_capability_id_fkey',
  'agent_metadata_agent_id_fkey',
  'agents_certificate_id_fkey',
  'agents_successor_id_fkey',
  'certificate_metadata_certificate_id_fkey',
  'certificates_replaced_by_fkey',
  'endpoints_agent_id_fkey',
  'security_event_metadata_event_id_fkey',
]);

const ownPostgresqlChecks: ReadonlySet<string> = new Set([
  'agents_created_at_check',
  'agents_deprecated_at_check',
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
  'security_event_pending_entries_entered_at_check',
  'security_events_timestamp_check',
]);

/** Reports whether a primary key or unique index in a PostgreSQL database belongs to this package. */
export function isOwnPostgresqlKey(name: string): boolean {
  return Object.hasOwn(ownKeys, name);
}

/** Reports whether a CHECK constraint in a PostgreSQL database belongs to this package. */
export function isOwnPostgresqlCheck(name: string): boolean {
  return ownPostgresqlChecks.has(name);
}
