import fc, { type Arbitrary, type WeightedArbitrary } from 'fast-check';
import {
  agentChange,
  agentInput,
  agentInputs,
  agentStatus,
  allowRevokedCertificate,
  createManyOptions,
  health,
  ifUpdatedAt,
  resolutionQuery,
  createOptions,
  walkQuery,
} from './agent-arbitraries';
import {
  certificateInput,
  certificateQuery,
  certificateStatus,
  revocation,
  rotateOptions,
  span,
} from './certificate-arbitraries';
import {
  eventFilterQuery,
  eventInput,
  eventInputs,
  eventQuery,
  eventWalkQuery,
  grouping,
  mitigation,
  pruning,
} from './event-arbitraries';
import type { Operation } from './operation';
import {
  agentId,
  capability,
  certificateId,
  endpointId,
  eventId,
  fingerprint,
  heldCertificate,
  metadata,
  pageSize,
  seldom,
  someOf,
  time,
} from './pools';

/** A kind of call with its parameters; `weight` says how often it is made. */
const call = (weight: number, kind: Operation['kind'], parameters: object = {}): WeightedArbitrary<Operation> => ({
  weight,
  // Which parameters go with which kind is written out below; fast-check's types lose the tie between the two.
  arbitrary: fc.record({ kind: fc.constant(kind), ...parameters }) as unknown as Arbitrary<Operation>,
});

const registration = fc
  .tuple(certificateInput, agentInput, seldom(eventInput), seldom(heldCertificate))
  .map(([certificate, agent, event, certificateId]) => ({
    certificate,
    agent: { ...agent, certificateId },
    ...(event === undefined ? {} : { event }),
  }));

/** A call of the public surface. */
export const operation: Arbitrary<Operation> = fc.oneof(
  call(4, 'createCertificate', { input: certificateInput }),
  call(1, 'getCertificate', { id: certificateId }),
  call(1, 'getCertificateByFingerprint', { fingerprint }),
  call(2, 'updateCertificateStatus', { id: certificateId, status: certificateStatus }),
  call(3, 'queryCertificates', { query: certificateQuery }),
  call(1, 'queryExpiring', { withinMs: span }),
  call(1, 'setCertificateMetadata', { id: certificateId, metadata }),
  call(2, 'deleteCertificate', { id: certificateId }),
  call(2, 'revoke', { id: certificateId, options: revocation }),
  call(3, 'rotate', { oldId: certificateId, input: certificateInput, options: rotateOptions }),
  call(1, 'expireDueCertificates'),
  call(5, 'createAgent', { input: agentInput, options: createOptions }),
  call(4, 'createMany', { inputs: agentInputs, options: createManyOptions }),
  call(1, 'getAgent', { id: agentId }),
  call(1, 'getManyAgents', { ids: someOf(agentId) }),
  call(4, 'updateAgent', { id: agentId, input: agentChange, ifUpdatedAt, allowRevokedCertificate }),
  call(1, 'deleteAgent', { id: agentId }),
  call(6, 'queryAgents', { query: resolutionQuery }),
  call(4, 'pageAgents', { query: walkQuery, size: pageSize }),
  call(1, 'iterateAgents', { query: walkQuery }),
  call(1, 'countAgents', { query: resolutionQuery }),
  call(2, 'setStatus', { id: agentId, status: agentStatus, ifUpdatedAt }),
  call(1, 'setCapabilities', { id: agentId, names: someOf(capability), ifUpdatedAt }),
  call(1, 'setMetadata', { id: agentId, metadata, ifUpdatedAt }),
  call(2, 'mergeMetadata', { id: agentId, metadata, ifUpdatedAt }),
  call(2, 'setEndpointHealth', { id: agentId, endpointId, health }),
  call(2, 'renew', { id: agentId, expiresAt: time, ifUpdatedAt }),
  call(1, 'expireDueAgents'),
  call(3, 'register', { input: registration, options: createOptions }),
  call(2, 'recordSecurityEvent', { input: eventInput }),
  call(3, 'recordMany', { inputs: eventInputs }),
  call(1, 'getEvent', { id: eventId }),
  call(3, 'querySecurityEvents', { query: eventQuery }),
  call(2, 'pageEvents', { query: eventWalkQuery, size: pageSize }),
  call(1, 'iterateEvents', { query: eventWalkQuery }),
  call(1, 'countEvents', { query: eventQuery }),
  call(2, 'aggregate', { query: eventFilterQuery, by: grouping }),
  call(2, 'markMitigated', { id: eventId, mitigation }),
  call(1, 'prune', { options: pruning }),
  call(1, 'verify'),
);
