import type { ErrorEntity } from './database-error';
import { reportedFailure, type Failure } from './failure';

/** Entity and field that the error for a duplicate key names, by the columns of the key. */
const publicKeys: Readonly<Record<string, readonly [entity: ErrorEntity, field: string]>> = {
  'agents.id': ['agent', 'id'],
  'certificates.id': ['certificate', 'id'],
  'certificates.fingerprint_key': ['certificate', 'fingerprint'],
  'security_events.id': ['securityEvent', 'id'],
};

/**
 * Primary keys of tables whose rows belong to a record, such as the endpoints of an agent. A duplicate in such a key
 * means that rows of a deleted record remain in the table. For an existing record, the insertion of the record itself
 * fails first.
 */
const nestedKeys: ReadonlySet<string> = new Set([
  'endpoints.agent_id, endpoints.id',
  'agent_metadata.agent_id, agent_metadata.key',
  'certificate_metadata.certificate_id, certificate_metadata.key',
  'security_event_metadata.event_id, security_event_metadata.key',
]);

/**
 * Returns the failure for a duplicate key in the database.
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
