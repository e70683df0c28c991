import type { ErrorEntity } from './database-error';
import { reportedFailure, type Failure } from './failure';

/** Entity and field that an error names for a duplicate key, by the columns of the key. */
const publicKeys: Readonly<Record<string, readonly [entity: ErrorEntity, field: string]>> = {
  'agents.id': ['agent', 'id'],
  'certificates.id': ['certificate', 'id'],
  'certificates.fingerprint_key': ['certificate', 'fingerprint'],
  'security_events.id': ['securityEvent', 'id'],
};

/**
 * Keys of tables whose rows belong to a record, such as the endpoints of an agent. A new record never has a duplicate
 * in such a key, unless rows of a deleted record remain in the table: if the record still existed, the statement that
 * inserts the record would have failed before.
 */
const nestedKeys: ReadonlySet<string> = new Set([
  'endpoints.agent_id, endpoints.id',
  'agent_metadata.agent_id, agent_metadata.key',
  'certificate_metadata.certificate_id, certificate_metadata.key',
  'security_event_metadata.event_id, security_event_metadata.key',
]);

/**
 * Returns the failure for a duplicate key.
 *
 * @param columns - columns of the key, such as `endpoints.agent_id, endpoints.id`.
 */
export function toKeyFailure(columns: string, cause: unknown): Failure {
  if (nestedKeys.has(columns)) {
    const message = 'rows of a record that does not exist have the same key: run check() to list them';
    return reportedFailure('CORRUPT', message, { cause });
  }
  const [entity, field] = publicKeys[columns] ?? [];
  return reportedFailure('ALREADY_EXISTS', `${field ?? 'a key'} is already taken`, { entity, field, cause });
}
