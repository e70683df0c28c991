import type { ResolutionQuery } from '../../src';
import { expireDueAgents, mergeMetadata, renew, setEndpointHealth, setStatus } from './agent-change-model';
import { createAgent, deleteAgent, updateAgent } from './agent-model';
import { createMany, recordMany, register } from './batch-model';
import {
  deleteCertificate,
  expireDueCertificates,
  revoke,
  rotate,
  setCertificateMetadata,
} from './certificate-life-model';
import { createCertificate, getByFingerprint, updateStatus } from './certificate-model';
import { searchCertificates, searchExpiring } from './certificate-search-model';
import { aggregate, markMitigated, prune } from './event-chain-model';
import { findEvents, recordEvent, searchEvents } from './event-model';
import type { Operation } from './operation';
import { answers, fails, type Directory, type Prediction, type Settings } from './prediction';
import { findAgents, searchAgents } from './resolution-model';
import { hasBadText } from './text';
import { counted, walked } from './window-model';

/*
 * Rules of the contract for a directory, in the simplest form: maps of records, and functions that tell what a call must
 * answer and leave. Nothing here is taken from the package but the types.
 */

/** Stands for what the verification of a chain answers that is as it was. */
export const validChain = Symbol('valid chain');

/** Rule of the contract for a call. */
export function predict(directory: Directory, operation: Operation, settings: Settings): Prediction {
  // What is wrong with one of many agents is told of that one.
  if (operation.kind === 'createMany') return createMany(directory, operation.inputs, operation.options, settings);
  if (hasBadText(operation)) return fails(directory, 'INVALID_INPUT');
  if ('id' in operation && operation.id === '') return fails(directory, 'INVALID_INPUT');
  return predictCertificates(directory, operation, settings) ?? predictOthers(directory, operation, settings);
}

function predictCertificates(directory: Directory, operation: Operation, settings: Settings): Prediction | undefined {
  switch (operation.kind) {
    case 'createCertificate':
      return createCertificate(directory, operation.input, settings);
    case 'getCertificate':
      return answers(directory, directory.certificates.get(operation.id) ?? null);
    case 'getCertificateByFingerprint':
      if (operation.fingerprint === '') return fails(directory, 'INVALID_INPUT');
      return answers(directory, getByFingerprint(directory, operation.fingerprint));
    case 'updateCertificateStatus':
      return updateStatus(directory, operation.id, operation.status, settings);
    case 'queryCertificates':
      return searchCertificates(directory, operation.query, settings);
    case 'queryExpiring':
      return searchExpiring(directory, operation.withinMs, settings);
    case 'setCertificateMetadata':
      return setCertificateMetadata(directory, operation.id, operation.metadata, settings);
    case 'deleteCertificate':
      return deleteCertificate(directory, operation.id, settings);
    case 'revoke':
      return revoke(directory, operation.id, operation.options, settings);
    case 'rotate':
      return rotate(directory, operation.oldId, operation.input, settings, operation.options);
    case 'expireDueCertificates':
      return expireDueCertificates(directory, settings);
    case 'register':
      return register(directory, operation.input, operation.options ?? {}, settings);
    default:
      return undefined;
  }
}

function predictOthers(directory: Directory, operation: Operation, settings: Settings): Prediction {
  switch (operation.kind) {
    case 'createAgent':
      return createAgent(directory, operation.input, settings, operation.options);
    case 'getAgent':
      return answers(directory, directory.agents.get(operation.id) ?? null);
    case 'getManyAgents':
      if (operation.ids.includes('')) return fails(directory, 'INVALID_INPUT');
      return answers(
        directory,
        operation.ids.map((id) => directory.agents.get(id) ?? null),
      );
    case 'updateAgent': {
      const { id, input, allowRevokedCertificate } = operation;
      const options = { ifUpdatedAt: dateOf(operation), allowRevokedCertificate };
      return updateAgent(directory, { id, ...input }, settings, options);
    }
    case 'deleteAgent':
      return deleteAgent(directory, operation.id, settings);
    case 'queryAgents':
      return searchAgents(directory, operation.query, settings);
    case 'pageAgents': {
      const { query, size } = operation;
      return walked(directory, findAgents(directory, query, settings), query, size);
    }
    case 'iterateAgents':
      return walked(directory, findAgents(directory, inSteadyOrder(operation.query), settings), operation.query);
    case 'countAgents':
      return counted(directory, findAgents(directory, operation.query, settings), operation.query);
    case 'setStatus':
      return setStatus(directory, { ...operation, ifUpdatedAt: dateOf(operation) }, settings);
    case 'setCapabilities': {
      const { id, names } = operation;
      return updateAgent(directory, { id, capabilities: names }, settings, { ifUpdatedAt: dateOf(operation) });
    }
    case 'setMetadata': {
      const { id, metadata } = operation;
      return updateAgent(directory, { id, metadata }, settings, { ifUpdatedAt: dateOf(operation) });
    }
    case 'mergeMetadata':
      return mergeMetadata(directory, { ...operation, ifUpdatedAt: dateOf(operation) }, settings);
    case 'setEndpointHealth':
      return setEndpointHealth(directory, operation, settings);
    case 'renew':
      return renew(directory, { ...operation, ifUpdatedAt: dateOf(operation) }, settings);
    case 'expireDueAgents':
      return expireDueAgents(directory, settings);
    default:
      return predictEvents(directory, operation, settings);
  }
}

function predictEvents(directory: Directory, operation: Operation, settings: Settings): Prediction {
  switch (operation.kind) {
    case 'recordSecurityEvent':
      return recordEvent(directory, operation.input, settings);
    case 'recordMany':
      return recordMany(directory, operation.inputs, settings);
    case 'getEvent':
      return answers(directory, directory.events.get(operation.id) ?? null);
    case 'querySecurityEvents':
      return searchEvents(directory, operation.query, settings);
    case 'pageEvents':
      return walked(directory, findEvents(directory, operation.query), operation.query, operation.size);
    case 'iterateEvents':
      return walked(directory, findEvents(directory, operation.query), operation.query);
    case 'countEvents':
      return counted(directory, findEvents(directory, operation.query), operation.query);
    case 'aggregate':
      return aggregate(directory, operation.query, operation.by, settings);
    case 'markMitigated':
      return markMitigated(directory, operation.id, operation.mitigation);
    case 'prune':
      return prune(directory, operation.options.before);
    case 'verify':
      return answers(directory, validChain);
    default:
      throw new Error(`There is no model of ${operation.kind}`);
  }
}

/** A walk without an order goes by id. */
function inSteadyOrder(query: ResolutionQuery): ResolutionQuery {
  return query.orderBy === undefined ? { orderDirection: 'asc', ...query, orderBy: 'id' } : query;
}

function dateOf({ ifUpdatedAt }: { readonly ifUpdatedAt?: Date | 'current' | undefined }): Date | undefined {
  // It was put in the place of `current` before the call.
  if (ifUpdatedAt === 'current') throw new Error(`The call was not settled`);
  return ifUpdatedAt;
}

/** The call with what `current` stands for. */
export function settle(operation: Operation, { agents }: Directory): Operation {
  if (!('ifUpdatedAt' in operation) || operation.ifUpdatedAt !== 'current') return operation;
  return { ...operation, ifUpdatedAt: agents.get(operation.id)?.updatedAt };
}
