import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { AgentInput, CertificateInput, EndpointInput, JsonValue, Metadata } from '../../src';
import { describeUnless } from './skip';

/** Directory of the public data, which is not part of the repository. */
export const sharedDataDirectory = resolve(__dirname, '../../../shared/data');

/** Calls `describe`, or `describe.skip` when the public data are missing. */
export function describeWithSharedData(title: string, work: () => void): void {
  const isThere = existsSync(join(sharedDataDirectory, 'agents.jsonl'));
  describeUnless(isThere ? undefined : '../shared/data is not there', title, work);
}

/** An agent as the registries published it. */
export interface PublicAgent {
  readonly source: string;
  readonly name: string;
  readonly version?: string;
  readonly description?: string;
  readonly owner?: string;
  readonly endpoints: readonly PublicEndpoint[];
  readonly capabilities: readonly string[];
  readonly metadata: Metadata;
}

interface PublicEndpoint {
  readonly protocol: string;
  readonly address: string;
  readonly port?: number;
  readonly [other: string]: JsonValue | undefined;
}

/** A certificate with its parsed fields. */
export interface PublicCertificate {
  readonly subject: string | null;
  readonly issuer: string | null;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly fingerprint256: string;
  readonly publicKeyPem: string;
  readonly pem: string;
  readonly [other: string]: JsonValue | undefined;
}

export interface PublicText {
  readonly field: string;
  readonly features: readonly string[];
  readonly text: string;
}

/** Returns the records of a file of JSON Lines; the README of the data describes them. */
export function readSharedData<T>(file: 'agents' | 'agents-invalid' | 'certificates' | 'text'): T[] {
  const lines = readFileSync(join(sharedDataDirectory, `${file}.jsonl`), 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as T);
}

/** Returns an agent as an importer registers it: missing fields are completed, invalid parts are omitted. */
export function toAgentInput(agent: PublicAgent, index: number, certificateId: string): AgentInput & { id: string } {
  const { source, name, version, description, owner, capabilities, metadata } = agent;
  return {
    id: `agent-${String(index).padStart(5, '0')}`,
    name,
    publicKey: 'none published',
    certificateId,
    endpoints: agent.endpoints.flatMap((endpoint, position) => toEndpointInput(endpoint, position)),
    capabilities: capabilities.filter((name) => name !== ''),
    version: version ?? '0.0.0',
    ...(description === undefined ? {} : { description }),
    metadata: { ...metadata, source },
    owner: owner ?? source,
  };
}

function toEndpointInput({ protocol, address, port, ...metadata }: PublicEndpoint, position: number): EndpointInput[] {
  if (port === undefined) return [];
  return [{ id: `endpoint-${position}`, protocol, address, port, metadata: metadata as Metadata }];
}

export function toCertificateInput(certificate: PublicCertificate): CertificateInput & { id: string } {
  const { subject, issuer, notBefore, notAfter, fingerprint256, publicKeyPem, pem, ...metadata } = certificate;
  return {
    id: `certificate-${fingerprint256.slice(0, 11)}`,
    subject: subject ?? '',
    issuer: issuer ?? '',
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    publicKey: publicKeyPem,
    certificate: pem,
    fingerprint: fingerprint256,
    metadata: metadata as Metadata,
  };
}
