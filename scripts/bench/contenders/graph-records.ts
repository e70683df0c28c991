import type { AgentRecord, Certificate, Metadata, SecurityEvent } from '../../../src';

/* Converts the objects of an ORM, with their related objects, to records. */

interface EntryRow {
  readonly key: string;
  readonly value: string;
}

interface EndpointRow {
  readonly id: string;
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
  readonly healthStatus: AgentRecord['endpoints'][number]['health']['status'];
  readonly lastChecked: Date;
  readonly healthMessage: string | null;
  readonly metadata: string | null;
}

export interface AgentGraph extends Readonly<
  Omit<AgentRecord, 'endpoints' | 'defaultEndpoint' | 'capabilities' | 'description' | 'metadata'>
> {
  readonly defaultEndpointId: string | null;
  readonly description: string | null;
  /** Endpoints, sorted by position. */
  readonly endpoints: readonly EndpointRow[];
  /** Links to capabilities, sorted by name. */
  readonly capabilities: readonly { readonly capability: { readonly name: string } }[];
  readonly metadata: readonly EntryRow[];
}

export interface EventGraph extends Readonly<Omit<SecurityEvent, 'mitigationDetails' | 'metadata'>> {
  readonly mitigationDetails: string | null;
  readonly metadata: readonly EntryRow[];
}

/** Certificates of the benchmark have none of the optional fields. */
type OptionalField = 'revokedAt' | 'revocationReason' | 'replacedBy' | 'serialNumber';

export interface CertificateGraph extends Readonly<Omit<Certificate, OptionalField | 'metadata'>> {
  readonly metadata: readonly EntryRow[];
}

export function toAgent(agent: AgentGraph): AgentRecord {
  const endpoints = agent.endpoints.map(toEndpoint);
  const { id, name, publicKey, certificateId, version, createdAt, updatedAt, expiresAt, status, owner } = agent;
  const { defaultEndpointId, description } = agent;
  const defaultEndpoint = endpoints.find(({ id }) => id === defaultEndpointId);
  return {
    ...{ id, name, publicKey, certificateId, version, createdAt, updatedAt, expiresAt, status, owner },
    endpoints,
    ...(defaultEndpoint === undefined ? undefined : { defaultEndpoint }),
    capabilities: agent.capabilities.map(({ capability }) => capability.name),
    ...(description === null ? undefined : { description }),
    metadata: toMetadata(agent.metadata),
  };
}

function toEndpoint(row: EndpointRow): AgentRecord['endpoints'][number] {
  const { id, protocol, address, port, healthStatus, lastChecked, healthMessage, metadata } = row;
  return {
    id,
    protocol,
    address,
    port,
    health: { status: healthStatus, lastChecked, ...(healthMessage === null ? undefined : { message: healthMessage }) },
    ...(metadata === null ? undefined : { metadata: JSON.parse(metadata) as Metadata }),
  };
}

export function toEvent(row: EventGraph): SecurityEvent {
  const { id, timestamp, eventType, severity, source, target, description, mitigationApplied } = row;
  const { mitigationDetails, metadata } = row;
  return {
    ...{ id, timestamp, eventType, severity, source, target, description, mitigationApplied },
    metadata: toMetadata(metadata),
    ...(mitigationDetails === null ? undefined : { mitigationDetails }),
  };
}

export function toCertificate(row: CertificateGraph): Certificate {
  const { id, subject, issuer, notBefore, notAfter, publicKey, certificate, fingerprint, status, createdAt } = row;
  const fields = { id, subject, issuer, notBefore, notAfter, publicKey, certificate, fingerprint, status, createdAt };
  return { ...fields, metadata: toMetadata(row.metadata) };
}

function toMetadata(rows: readonly EntryRow[]): Metadata {
  return Object.fromEntries(rows.map(({ key, value }) => [key, JSON.parse(value) as Metadata[string]]));
}
