import fc, { type Arbitrary } from 'fast-check';
import type { ResolutionQuery } from '../../src';
import { allOf, allPages } from '../support/pages';
import * as agents from './agent-arbitraries';
import { expireDueAgents, mergeMetadata, renew, setEndpointHealth, setStatus, transfer } from './agent-change-model';
import { createAgent, deleteAgent, updateAgent } from './agent-model';
import { batchCalls } from './batch-calls';
import { recordMany, register } from './batch-model';
import * as certificates from './certificate-arbitraries';
import {
  deleteCertificate,
  expireDueCertificates,
  revoke,
  rotate,
  setCertificateMetadata,
} from './certificate-life-model';
import { createCertificate, getByFingerprint, updateStatus } from './certificate-model';
import { searchCertificates, searchExpiring } from './certificate-search-model';
import * as events from './event-arbitraries';
import { aggregate, markMitigated, prune } from './event-chain-model';
import { findEvents, recordEvent, searchEvents } from './event-model';
import { countFacets } from './facet-model';
import { call, type Operation } from './operation';
import {
  agentId,
  capability,
  certificateId,
  endpointId,
  eventId,
  fingerprint,
  heldCertificate,
  metadata,
  owner,
  pageSize,
  seldom,
  someOf,
  time,
} from './pools';
import { answers, fails } from './prediction';
import { findAgents, searchAgents } from './resolution-model';
import { resolve, resolveMany } from './resolve-model';
import { recordHealth } from './health-model';
import { scopeCalls } from './scope-calls';
import { deprecate, versions } from './version-model';
import { counted, walked } from './window-model';

/*
 * Random calls. Each entry has a weight, a method, arbitraries of its arguments, and the prediction of the contract.
 * The predictions use maps of records and import only types from the package.
 */

const transferOptions = fc.record({ to: owner, ifOwner: seldom(owner) });
const page = fc.record({ size: pageSize });
const registration = fc
  .tuple(certificates.certificateInput, agents.agentInput, seldom(events.eventInput), seldom(heldCertificate))
  .map(([certificate, agent, event, id]) => ({
    certificate,
    agent: { ...agent, certificateId: id },
    ...(event === undefined ? {} : { event }),
  }));

/** Placeholder for the result of `verify` with a valid chain. */
const validChain = Symbol('valid chain');

export const createCertificateCall = call(4, 'createCertificate', [certificates.certificateInput], createCertificate);
export const createAgentCall = call(5, 'createAgent', [agents.agentInput, agents.createOptions], createAgent);

const certificateCalls = [
  createCertificateCall,
  call(1, 'getCertificate', [certificateId], (directory, _, id) =>
    answers(directory, directory.certificates.get(id) ?? null),
  ),
  call(1, 'getCertificateByFingerprint', [fingerprint], (directory, _, text) =>
    answers(directory, getByFingerprint(directory, text)),
  ),
  call(2, 'updateCertificateStatus', [certificateId, certificates.certificateStatus], updateStatus),
  call(3, 'certificates.query', [certificates.certificateQuery], searchCertificates),
  call(1, 'certificates.expiring', [certificates.span], searchExpiring),
  call(1, 'certificates.setMetadata', [certificateId, metadata], setCertificateMetadata),
  call(2, 'certificates.delete', [certificateId], deleteCertificate),
  call(2, 'certificates.revoke', [certificateId, certificates.revocation], revoke),
  call(3, 'certificates.rotate', [certificateId, certificates.certificateInput, certificates.rotateOptions], rotate),
  call(1, 'certificates.expireDue', [], expireDueCertificates),
  call(3, 'register', [registration, agents.createOptions], register),
];

const agentCalls = [
  createAgentCall,
  call(1, 'getAgent', [agentId], (directory, _, id) => answers(directory, directory.agents.get(id) ?? null)),
  call(1, 'agents.getMany', [someOf(agentId)], (directory, _, ids) =>
    ids.includes('')
      ? fails(directory, 'INVALID_INPUT')
      : answers(
          directory,
          ids.map((id) => directory.agents.get(id) ?? null),
        ),
  ),
  call(4, 'updateAgent', [agents.agentUpdate, agents.updateOptions], updateAgent),
  call(1, 'deleteAgent', [agentId], deleteAgent),
  call(6, 'queryAgents', [agents.resolutionQuery], searchAgents),
  call(4, 'resolve', [agents.resolveRequest], resolve),
  call(1, 'resolveMany', [fc.array(agents.resolveRequest, { maxLength: 3 })], resolveMany),
  call(
    4,
    'agents.page',
    [agents.walkQuery, page],
    (directory, settings, query, { size }) => walked(directory, findAgents(directory, settings, query), query, size),
    (target, query, { size }) => allPages((options) => target.agents.page(query, options), size),
  ),
  call(
    1,
    'agents.iterate',
    [agents.walkQuery],
    (directory, settings, query) => walked(directory, findAgents(directory, settings, byId(query)), query),
    (target, query) => allOf(target.agents.iterate(query)),
  ),
  call(1, 'agents.count', [agents.resolutionQuery], (directory, settings, query) =>
    counted(directory, findAgents(directory, settings, query), query),
  ),
  call(3, 'agents.facets', [agents.facetQuery, agents.facetRequests], countFacets),
  call(2, 'agents.setStatus', [agentId, agents.agentStatus, agents.changeOptions], setStatus),
  call(
    1,
    'agents.setCapabilities',
    [agentId, someOf(capability), agents.changeOptions],
    (directory, settings, id, capabilities, options) => updateAgent(directory, settings, { id, capabilities }, options),
  ),
  call(1, 'agents.setMetadata', [agentId, metadata, agents.changeOptions], (directory, settings, id, given, options) =>
    updateAgent(directory, settings, { id, metadata: given }, options),
  ),
  call(2, 'agents.mergeMetadata', [agentId, metadata, agents.changeOptions], mergeMetadata),
  call(2, 'agents.setEndpointHealth', [agentId, endpointId, agents.health], setEndpointHealth),
  call(3, 'agents.recordHealth', [agents.healthReports], recordHealth),
  call(2, 'agents.renew', [agentId, time, agents.changeOptions], renew),
  call(4, 'agents.deprecate', [agentId, agents.deprecateOptions], deprecate),
  call(1, 'agents.versions', [agents.versionsRequest], versions),
  call(3, 'agents.transfer', [agentId, transferOptions], transfer),
  call(1, 'agents.expireDue', [], expireDueAgents),
];

const eventCalls = [
  call(2, 'recordSecurityEvent', [events.eventInput], recordEvent),
  call(3, 'events.recordMany', [events.eventInputs], recordMany),
  call(1, 'events.get', [eventId], (directory, _, id) => answers(directory, directory.events.get(id) ?? null)),
  call(3, 'querySecurityEvents', [events.eventQuery], searchEvents),
  call(
    2,
    'events.page',
    [events.eventWalkQuery, page],
    (directory, _, query, { size }) => walked(directory, findEvents(directory, query), query, size),
    (target, query, { size }) => allPages((options) => target.events.page(query, options), size),
  ),
  call(
    1,
    'events.iterate',
    [events.eventWalkQuery],
    (directory, _, query) => walked(directory, findEvents(directory, query), query),
    (target, query) => allOf(target.events.iterate(query)),
  ),
  call(1, 'events.count', [events.eventQuery], (directory, _, query) =>
    counted(directory, findEvents(directory, query), query),
  ),
  call(2, 'events.aggregate', [events.eventFilterQuery, fc.record({ by: events.grouping })], aggregate),
  call(2, 'events.markMitigated', [eventId, events.mitigation], (directory, _, id, mitigation) =>
    markMitigated(directory, id, mitigation),
  ),
  call(1, 'events.prune', [events.pruning], (directory, _, { before }) => prune(directory, before)),
  call(
    1,
    'events.verify',
    [],
    (directory) => answers(directory, validChain),
    async (target) => {
      const verified = await target.events.verify();
      return verified.valid ? validChain : verified;
    },
  ),
];

/** A call of the public API. */
export const operation: Arbitrary<Operation> = fc.oneof(
  ...certificateCalls,
  ...agentCalls,
  ...batchCalls,
  ...scopeCalls,
  ...eventCalls,
);

/** Adds the default order of an iteration to a query: by id. */
function byId(query: ResolutionQuery): ResolutionQuery {
  return query.orderBy === undefined ? { orderDirection: 'asc', ...query, orderBy: 'id' } : query;
}
