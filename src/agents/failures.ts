import { Failure } from '../errors/failure';

/** Creates the failure for a new agent whose id is taken. */
export function idTaken(): Failure {
  return new Failure('ALREADY_EXISTS', 'id is already taken', { entity: 'agent', field: 'id' });
}

/** Creates the failure for a certificate that does not exist. */
export function unknownCertificate(): Failure {
  return new Failure('REFERENCE_NOT_FOUND', 'certificateId must be the id of an existing certificate', {
    entity: 'certificate',
    field: 'certificateId',
  });
}

/** Creates the failure for a revoked agent that would get another status or be renewed. */
export function staysRevoked(): Failure {
  return new Failure('INVALID_TRANSITION', 'the agent is REVOKED, which is final', {
    entity: 'agent',
    field: 'status',
  });
}

/** Creates the failure for an agent whose status does not permit a deprecation. */
export function notDeprecatable(): Failure {
  return new Failure('INVALID_TRANSITION', 'only an ACTIVE or DEPRECATED agent can be deprecated', {
    entity: 'agent',
    field: 'status',
  });
}

/** Creates the failure for a successor that does not exist. */
export function unknownSuccessor(): Failure {
  return new Failure('REFERENCE_NOT_FOUND', 'successorId must be the id of an existing agent', {
    entity: 'agent',
    field: 'successorId',
  });
}

/** Creates the failure for an agent that has changed since `ifUpdatedAt`. */
export function changedMeanwhile(): Failure {
  return new Failure('CONFLICT', 'the agent has changed since ifUpdatedAt: read it again before the next attempt', {
    entity: 'agent',
    field: 'updatedAt',
    retryable: true,
  });
}

/** Creates the failure of an upsert by owner, name and version that matches several stored agents. */
export function severalMatches(): Failure {
  return new Failure('CONFLICT', 'several agents have this owner, name and version: update one of them by its id', {
    entity: 'agent',
    field: 'name',
  });
}

/** Creates the failure of an upsert by owner, name and version that matches a stored agent with another id. */
export function otherId(): Failure {
  return new Failure(
    'CONFLICT',
    'another agent has this owner, name and version: omit id, or give the id of that agent',
    {
      entity: 'agent',
      field: 'id',
    },
  );
}

/** Creates the failure for an agent that has another owner than `ifOwner`. */
export function ownedByOther(): Failure {
  return new Failure('CONFLICT', 'the agent has another owner than ifOwner', { entity: 'agent', field: 'owner' });
}
