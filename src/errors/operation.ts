import { classifyError, rememberFailure } from './classify-error';
import { DatabaseError, type ErrorEntity } from './database-error';
import { copyFailure, Failure, originalOf } from './failure';

/** Beginning of the error message for each call of the public API. */
const failureMessages = {
  initialize: 'Failed to initialize database',
  close: 'Failed to close database',
  health: 'Failed to get database health',
  reset: 'Failed to reset database',
  backup: 'Failed to back up database',
  check: 'Failed to check database',
  maintain: 'Failed to maintain database',
  migrate: 'Migration failed',
  transaction: 'Transaction failed',
  prismaConfig: 'Failed to configure Prisma',
  migrationStatus: 'Failed to get the status of the migrations',
  query: 'Failed to run the query',
  execute: 'Failed to run the statement',
  certificateFromPem: 'Failed to parse certificate',
  fromMcpServer: 'Failed to convert MCP server',
  fromA2aCard: 'Failed to convert A2A agent card',
  parseAgentName: 'Failed to parse agent name',
  formatAgentName: 'Failed to format agent name',
  forOwner: 'Failed to limit calls to an owner',
  resolve: 'Failed to resolve agent',
  resolveMany: 'Failed to resolve agents',
  register: 'Failed to register agent',
  'agents.create': 'Failed to create agent',
  'agents.createMany': 'Failed to create agents',
  'agents.updateMany': 'Failed to update agents',
  'agents.deleteMany': 'Failed to delete agents',
  'agents.upsertMany': 'Failed to register or update agents',
  'agents.getMany': 'Failed to get agents',
  'agents.setStatus': 'Failed to set agent status',
  'agents.deprecate': 'Failed to deprecate agent',
  'agents.versions': 'Failed to get agent versions',
  'agents.setCapabilities': 'Failed to set agent capabilities',
  'agents.setMetadata': 'Failed to set agent metadata',
  'agents.mergeMetadata': 'Failed to merge agent metadata',
  'agents.setEndpointHealth': 'Failed to set endpoint health',
  'agents.updateWhere': 'Failed to update agents',
  'agents.deleteWhere': 'Failed to delete agents',
  'agents.recordHealth': 'Failed to record endpoint health',
  'agents.renew': 'Failed to renew agent',
  'agents.transfer': 'Failed to transfer agent',
  'agents.expireDue': 'Failed to expire agents',
  'agents.page': 'Failed to page agents',
  'agents.iterate': 'Failed to iterate agents',
  'agents.count': 'Failed to count agents',
  'agents.facets': 'Failed to count facets of agents',
  'agents.get': 'Failed to get agent',
  'agents.update': 'Failed to update agent',
  'agents.delete': 'Failed to delete agent',
  'agents.query': 'Failed to query agents',
  'certificates.create': 'Failed to create certificate',
  'certificates.createMany': 'Failed to create certificates',
  'certificates.get': 'Failed to get certificate',
  'certificates.getByFingerprint': 'Failed to get certificate by fingerprint',
  'certificates.updateStatus': 'Failed to update certificate status',
  'certificates.query': 'Failed to query certificates',
  'certificates.expiring': 'Failed to get expiring certificates',
  'certificates.setMetadata': 'Failed to set certificate metadata',
  'certificates.delete': 'Failed to delete certificate',
  'certificates.revoke': 'Failed to revoke certificate',
  'certificates.rotate': 'Failed to rotate certificate',
  'certificates.expireDue': 'Failed to expire certificates',
  'changes.read': 'Failed to read changes',
  'changes.prune': 'Failed to prune changes',
  'events.record': 'Failed to record security event',
  'events.recordMany': 'Failed to record security events',
  'events.get': 'Failed to get security event',
  'events.query': 'Failed to query security events',
  'events.page': 'Failed to page security events',
  'events.iterate': 'Failed to iterate security events',
  'events.count': 'Failed to count security events',
  'events.aggregate': 'Failed to aggregate security events',
  'events.markMitigated': 'Failed to mark security event mitigated',
  'events.prune': 'Failed to prune security events',
  'events.verify': 'Failed to verify security events',
} as const;

/**
 * Field with which a call refers to a certificate, and the kind of the record that it refers to. The error messages
 * need this field, because the engines do not report which reference is invalid.
 */
const references: Readonly<Partial<Record<Operation, readonly [entity: ErrorEntity, field: string]>>> = {
  'agents.create': ['certificate', 'certificateId'],
  'agents.update': ['certificate', 'certificateId'],
};

/** Name of a call of the public API, such as `agents.create`. */
export type Operation = keyof typeof failureMessages;

/** Converts an error that an operation has thrown to a `DatabaseError`. Returns a `DatabaseError` unchanged. */
export function toDatabaseError(operation: Operation, error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const failure = failureOf(operation, error);
  const databaseError = new DatabaseError({
    code: failure.code,
    operation,
    message: failure.code === 'NOT_INITIALIZED' ? failure.message : `${failureMessages[operation]}: ${failure.message}`,
    retryable: failure.retryable,
    entity: failure.entity ?? (failure.code === 'INVALID_INPUT' ? entityOf(operation, failure) : undefined),
    field: failure.field,
    // A fault of this package has no other cause. Its cause is the failure itself, whose stack shows where the fault
    // is.
    cause: originalOf(failure) ?? (failure.code === 'INTERNAL' ? failure : undefined),
  });
  rememberFailure(databaseError, failure);
  return databaseError;
}

/** Kind of record that each service manages. The keys are the services, the first parts of the names of operations. */
const serviceEntities: Readonly<Record<string, ErrorEntity>> = {
  agents: 'agent',
  certificates: 'certificate',
  events: 'securityEvent',
};

/**
 * Returns the kind of record that an invalid argument describes. For `register`, which takes several kinds of records,
 * the path of the field shows the kind.
 */
function entityOf(operation: Operation, { field }: Failure): ErrorEntity | undefined {
  if (operation !== 'register') return serviceEntities[operation.split('.')[0] ?? ''];
  return serviceEntities[`${field?.split('.')[0] ?? ''}s`];
}

/**
 * Calls that do not set a reference to another record. If one of these calls violates a foreign key, other records
 * still refer to the record that the call deletes. The list is necessary because SQLite does not report which of the
 * two records is missing.
 */
const withoutReferences: ReadonlySet<Operation> = new Set([
  'reset',
  'agents.setStatus',
  'agents.setCapabilities',
  'agents.setMetadata',
  'agents.mergeMetadata',
  'agents.setEndpointHealth',
  'agents.recordHealth',
  'agents.deleteWhere',
  'agents.renew',
  'agents.expireDue',
  'agents.delete',
  'agents.deleteMany',
  'agents.transfer',
  'certificates.updateStatus',
  'certificates.setMetadata',
  'certificates.delete',
  'certificates.expireDue',
  'changes.prune',
  'events.prune',
]);

function failureOf(operation: Operation, error: unknown): Failure {
  const failure = classifyError(error);
  const isBrokenReference = failure.code === 'REFERENCE_NOT_FOUND' || failure.code === 'STILL_REFERENCED';
  if (!failure.isReported || !isBrokenReference) return failure;
  if (failure.code === 'REFERENCE_NOT_FOUND' && !withoutReferences.has(operation)) {
    const [entity, field] = references[operation] ?? [];
    if (entity === undefined) return failure;
    return copyFailure(failure, { message: `${field} must be the id of an existing ${entity}`, entity, field });
  }
  // The query for the agents of a certificate does not see an agent that was registered after the transaction's
  // snapshot. Then only the foreign key prevents the deletion of the certificate.
  const isHeld = operation === 'certificates.delete' && failure.violatesOwnForeignKey;
  const message = isHeld ? 'an agent still refers to the certificate' : 'other records still refer to this record';
  const entity = serviceEntities[operation.split('.')[0] ?? ''];
  return new Failure('STILL_REFERENCED', message, { entity, cause: failure });
}
