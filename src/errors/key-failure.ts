import type { ErrorEntity } from './database-error';
import { reportedFailure, type Failure } from './failure';

/** Public names of the keys that callers set, by the columns of the key. */
const publicKeys: Readonly<Record<string, readonly [entity: ErrorEntity, field: string]>> = {
  'agents.id': ['agent', 'id'],
  'certificates.id': ['certificate', 'id'],
  'certificates.fingerprint_key': ['certificate', 'fingerprint'],
  'security_events.id': ['securityEvent', 'id'],
};

/**
 * Keys whose first column is the id of a record. A call that creates a record fails first when the id of the record is
 * taken. So when such a key is a duplicate, the table has rows of a record that does not exist.
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
