import { Failure } from '../errors/failure';

/** Tables of this package on both engines. */
export const ownTables: ReadonlySet<string> = new Set([
  'agent_capabilities',
  'agent_metadata',
  'agents',
  'capabilities',
  'certificate_metadata',
  'certificates',
  'change_prunings',
  'changes',
  'endpoints',
  'name_locks',
  'security_event_checkpoints',
  'security_event_entries',
  'security_event_metadata',
  'security_event_pending_entries',
  'security_events',
]);

/** Creates the failure for application SQL that would write to a table of this package. */
export function ownTableProtected(table: string): Failure {
  const message = `the table ${table} can be changed through the methods of the database only: SQL would bypass the change feed, the event chain and the cache`;
  return new Failure('PERMISSION_DENIED', message);
}

/** Creates the failure for application SQL that would begin or end a transaction. */
export function transactionControlRefused(): Failure {
  return new Failure(
    'INVALID_INPUT',
    'the SQL must not begin or end a transaction, or change a setting: use db.transaction',
    {
      field: 'sql',
    },
  );
}
