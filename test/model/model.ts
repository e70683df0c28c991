import type {
  AgentInput,
  AgentUpdate,
  CertificateInput,
  CertificateStatus,
  ResolutionQuery,
  SecurityEventInput,
  SecurityEventQuery,
} from '../../src';
import { createAgent, deleteAgent, updateAgent } from './agent-model';
import { createCertificate, getByFingerprint, updateStatus } from './certificate-model';
import { recordEvent, searchEvents } from './event-model';
import { answers, fails, type Directory, type Prediction, type Settings } from './prediction';
import { searchAgents } from './resolution-model';
import { hasBadText } from './text';

/*
 * What contract.md says of a directory, in the plainest form: maps of records, and functions that tell what a call must
 * answer and leave. Nothing here is taken from the package but the types.
 */

/** A call of the public surface. */
export type Operation =
  | { readonly kind: 'createCertificate'; readonly input: CertificateInput }
  | { readonly kind: 'getCertificate'; readonly id: string }
  | { readonly kind: 'getCertificateByFingerprint'; readonly fingerprint: string }
  | { readonly kind: 'updateCertificateStatus'; readonly id: string; readonly status: CertificateStatus }
  | { readonly kind: 'createAgent'; readonly input: AgentInput }
  | { readonly kind: 'getAgent'; readonly id: string }
  | { readonly kind: 'updateAgent'; readonly input: AgentUpdate }
  | { readonly kind: 'deleteAgent'; readonly id: string }
  | { readonly kind: 'queryAgents'; readonly query: ResolutionQuery }
  | { readonly kind: 'recordSecurityEvent'; readonly input: SecurityEventInput }
  | { readonly kind: 'querySecurityEvents'; readonly query: SecurityEventQuery };

/** What the contract says of a call. */
export function predict(directory: Directory, operation: Operation, settings: Settings): Prediction {
  if (hasBadText(operation)) return fails(directory, 'INVALID_INPUT');
  if ('id' in operation && operation.id === '') return fails(directory, 'INVALID_INPUT');
  switch (operation.kind) {
    case 'createCertificate':
      return createCertificate(directory, operation.input, settings);
    case 'getCertificate':
      return answers(directory, directory.certificates.get(operation.id) ?? null);
    case 'getCertificateByFingerprint':
      return answers(directory, getByFingerprint(directory, operation.fingerprint));
    case 'updateCertificateStatus':
      return updateStatus(directory, operation.id, operation.status, settings);
    case 'createAgent':
      return createAgent(directory, operation.input, settings);
    case 'getAgent':
      return answers(directory, directory.agents.get(operation.id) ?? null);
    case 'updateAgent':
      return updateAgent(directory, operation.input, settings);
    case 'deleteAgent':
      return deleteAgent(directory, operation.id);
    case 'queryAgents':
      return searchAgents(directory, operation.query, settings);
    case 'recordSecurityEvent':
      return recordEvent(directory, operation.input, settings);
    case 'querySecurityEvents':
      return searchEvents(directory, operation.query, settings);
  }
}
