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

export const createCertificateCall = call(
  4,
  'createCertificate',
  [certificates.certificateInput],
  (directory, settings, input) => createCertificate(directory, input, settings),
);
export const createAgentCall = call(
  5,
  'createAgent',
  [agents.agentInput, agents.createOptions],
  (directory, settings, input, options) => createAgent(directory, input, settings, options),
);

const certificateCalls = [
  createCertificateCall,
  call(1, 'getCertificate', [certificateId], (directory, _, id) =>
    answers(directory, directory.certificates.get(id) ?? null),
  ),
  call(1, 'getCertificateByFingerprint', [fingerprint], (directory, _, text) =>
    answers(directory, getByFingerprint(directory, text)),
  ),
  call(
    2,
    'updateCertificateStatus',
    [certificateId, certificates.certificateStatus],
    (directory, settings, id, status) => updateStatus(directory, id, status, settings),
  ),
  call(3, 'certificates.query', [certificates.certificateQuery], (directory, settings, query) =>
    searchCertificates(directory, query, settings),
  ),
  call(1, 'certificates.expiring', [certificates.span], (directory, settings, withinMs) =>
    searchExpiring(directory, withinMs, settings),
  ),
  call(1, 'certificates.setMetadata', [certificateId, metadata], (directory, settings, id, given) =>
    setCertificateMetadata(directory, id, given, settings),
  ),
  call(2, 'certificates.delete', [certificateId], (directory, settings, id) =>
    deleteCertificate(directory, id, settings),
  ),
  call(2, 'certificates.revoke', [certificateId, certificates.revocation], (directory, settings, id, options) =>
    revoke(directory, id, options, settings),
  ),
  call(
    3,
    'certificates.rotate',
    [certificateId, certificates.certificateInput, certificates.rotateOptions],
    (directory, settings, id, input, options) => rotate(directory, id, input, settings, options),
  ),
  call(1, 'certificates.expireDue', [], expireDueCertificates),
  call(3, 'register', [registration, agents.createOptions], (directory, settings, input, options) =>
    register(directory, input, options, settings),
  ),
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
  call(4, 'updateAgent', [agents.agentUpdate, agents.updateOptions], (directory, settings, input, options) =>
    updateAgent(directory, input, settings, options),
  ),
  call(1, 'deleteAgent', [agentId], (directory, settings, id) => deleteAgent(directory, id, settings)),
  call(6, 'queryAgents', [agents.resolutionQuery], (directory, settings, query) =>
    searchAgents(directory, query, settings),
  ),
  call(4, 'resolve', [agents.resolveRequest], (directory, settings, request) => resolve(directory, request, settings)),
  call(1, 'resolveMany', [fc.array(agents.resolveRequest, { maxLength: 3 })], (directory, settings, requests) =>
    resolveMany(directory, requests, settings),
  ),
  call(
    4,
    'agents.page',
    [agents.walkQuery, page],
    (directory, settings, query, { size }) => walked(directory, findAgents(directory, query, settings), query, size),
    (target, query, { size }) => allPages((options) => target.agents.page(query, options), size),
  ),
  call(
    1,
    'agents.iterate',
    [agents.walkQuery],
    (directory, settings, query) => walked(directory, findAgents(directory, byId(query), settings), query),
    (target, query) => allOf(target.agents.iterate(query)),
  ),
  call(1, 'agents.count', [agents.resolutionQuery], (directory, settings, query) =>
    counted(directory, findAgents(directory, query, settings), query),
  ),
  call(3, 'agents.facets', [agents.facetQuery, agents.facetRequests], (directory, settings, query, requests) =>
    countFacets(directory, query, requests, settings),
  ),
  call(
    2,
    'agents.setStatus',
    [agentId, agents.agentStatus, agents.changeOptions],
    (directory, settings, id, status, options) => setStatus(directory, { id, status, ...options }, settings),
  ),
  call(
    1,
    'agents.setCapabilities',
    [agentId, someOf(capability), agents.changeOptions],
    (directory, settings, id, capabilities, options) => updateAgent(directory, { id, capabilities }, settings, options),
  ),
  call(1, 'agents.setMetadata', [agentId, metadata, agents.changeOptions], (directory, settings, id, given, options) =>
    updateAgent(directory, { id, metadata: given }, settings, options),
  ),
  call(
    2,
    'agents.mergeMetadata',
    [agentId, metadata, agents.changeOptions],
    (directory, settings, id, given, options) =>
      mergeMetadata(directory, { id, metadata: given, ...options }, settings),
  ),
  call(
    2,
    'agents.setEndpointHealth',
    [agentId, endpointId, agents.health],
    (directory, settings, id, endpoint, health) =>
      setEndpointHealth(directory, { id, endpointId: endpoint, health }, settings),
  ),
  call(3, 'agents.recordHealth', [agents.healthReports], (directory, settings, reports) =>
    recordHealth(directory, reports, settings),
  ),
  call(2, 'agents.renew', [agentId, time, agents.changeOptions], (directory, settings, id, expiresAt, options) =>
    renew(directory, { id, expiresAt, ...options }, settings),
  ),
  call(4, 'agents.deprecate', [agentId, agents.deprecateOptions], (directory, settings, id, options) =>
    deprecate(directory, id, options, settings),
  ),
  call(1, 'agents.versions', [agents.versionsRequest], (directory, settings, request) =>
    versions(directory, request, settings),
  ),
  call(3, 'agents.transfer', [agentId, transferOptions], (directory, settings, id, options) =>
    transfer(directory, id, options, settings),
  ),
  call(1, 'agents.expireDue', [], expireDueAgents),
];

const eventCalls = [
  call(2, 'recordSecurityEvent', [events.eventInput], (directory, settings, input) =>
    recordEvent(directory, input, settings),
  ),
  call(3, 'events.recordMany', [events.eventInputs], (directory, settings, inputs) =>
    recordMany(directory, inputs, settings),
  ),
  call(1, 'events.get', [eventId], (directory, _, id) => answers(directory, directory.events.get(id) ?? null)),
  call(3, 'querySecurityEvents', [events.eventQuery], (directory, settings, query) =>
    searchEvents(directory, query, settings),
  ),
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
  call(
    2,
    'events.aggregate',
    [events.eventFilterQuery, fc.record({ by: events.grouping })],
    (directory, settings, query, { by }) => aggregate(directory, query, by, settings),
  ),
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
