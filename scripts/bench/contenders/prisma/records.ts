import type { AgentRecord, Certificate, Metadata, SecurityEvent } from '../../../../src';
import type { Prisma } from '../../../../src/generated/prisma/client';

export const agentInclude = {
  endpoints: { orderBy: { position: 'asc' } },
  capabilities: { include: { capability: true }, orderBy: { capability: { name: 'asc' } } },
  metadata: true,
} satisfies Prisma.AgentInclude;

type AgentRow = Prisma.AgentGetPayload<{ include: typeof agentInclude }>;
type EventRow = Prisma.SecurityEventGetPayload<{ include: { metadata: true } }>;
type CertificateRow = Prisma.CertificateGetPayload<{ include: { metadata: true } }>;

export function toAgent(agent: AgentRow): AgentRecord {
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

function toEndpoint(row: AgentRow['endpoints'][number]): AgentRecord['endpoints'][number] {
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

export function toEvent({ mitigationDetails, metadata, ...event }: EventRow): SecurityEvent {
  return {
    ...event,
    metadata: toMetadata(metadata),
    ...(mitigationDetails === null ? undefined : { mitigationDetails }),
  };
}

export function toCertificate(row: CertificateRow): Certificate {
  const { id, subject, issuer, notBefore, notAfter, publicKey, certificate, fingerprint, status, createdAt } = row;
  const fields = { id, subject, issuer, notBefore, notAfter, publicKey, certificate, fingerprint, status, createdAt };
  return { ...fields, metadata: toMetadata(row.metadata) };
}

function toMetadata(rows: readonly { key: string; value: string }[]): Metadata {
  return Object.fromEntries(rows.map(({ key, value }) => [key, JSON.parse(value) as Metadata[string]]));
}
