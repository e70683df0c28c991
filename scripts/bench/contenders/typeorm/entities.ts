/* eslint @typescript-eslint/no-unsafe-class-instance-assignment: off -- TypeORM's documentation gives it literals */
import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';
import type { AgentStatus, CertificateStatus, HealthStatus, SecuritySeverity } from '../../../../src';

interface Entry {
  key: string;
  value: string;
}

export interface AgentEntity {
  id: string;
  name: string;
  nameFolded: string;
  publicKey: string;
  certificateId: string;
  certificate?: CertificateEntity;
  defaultEndpointId: string | null;
  version: string;
  versionKey: string | null;
  description: string | null;
  createdAt: Date;
  updatedAt: Date;
  expiresAt: Date;
  status: AgentStatus;
  owner: string;
  endpoints: EndpointEntity[];
  capabilities: AgentCapabilityEntity[];
  metadata: AgentMetadataEntity[];
}

export interface EndpointEntity {
  agentId: string;
  id: string;
  position: number;
  protocol: string;
  address: string;
  port: number;
  healthStatus: HealthStatus;
  lastChecked: Date;
  healthMessage: string | null;
  metadata: string | null;
  agent?: AgentEntity;
}

export interface CapabilityEntity {
  id: string;
  name: string;
}

export interface AgentCapabilityEntity {
  agentId: string;
  capabilityId: string;
  agent?: AgentEntity;
  capability: CapabilityEntity;
}

export interface AgentMetadataEntity extends Entry {
  agentId: string;
  agent?: AgentEntity;
}

export interface CertificateEntity {
  id: string;
  subject: string;
  issuer: string;
  notBefore: Date;
  notAfter: Date;
  publicKey: string;
  certificate: string;
  fingerprint: string;
  fingerprintKey: string;
  status: CertificateStatus;
  createdAt: Date;
  metadata: CertificateMetadataEntity[];
}

export interface CertificateMetadataEntity extends Entry {
  certificateId: string;
  owner?: CertificateEntity;
}

export interface EventEntity {
  id: string;
  timestamp: Date;
  eventType: string;
  severity: SecuritySeverity;
  source: string;
  target: string;
  description: string;
  mitigationApplied: boolean;
  mitigationDetails: string | null;
  metadata: EventMetadataEntity[];
}

export interface EventMetadataEntity extends Entry {
  eventId: string;
  event?: EventEntity;
}

export type Entities = ReturnType<typeof defineEntities>;

/** Defines the TypeORM entities. `time` returns the options of a column for a point in time on the engine. */
export function defineEntities(time: (name: string) => EntitySchemaColumnOptions) {
  const text = (name?: string): EntitySchemaColumnOptions => ({
    type: 'text',
    ...(name === undefined ? {} : { name }),
  });
  const key = (name?: string): EntitySchemaColumnOptions => ({ ...text(name), primary: true });
  const maybe = (name?: string): EntitySchemaColumnOptions => ({ ...text(name), nullable: true });
  const number: EntitySchemaColumnOptions = { type: 'integer' };
  const owner = (target: string, column: string, inverseSide: string) =>
    ({ type: 'many-to-one', target, joinColumn: { name: column }, inverseSide }) as const;
  const owned = (target: string, inverseSide: string) => ({ type: 'one-to-many', target, inverseSide }) as const;
  return {
    agent: new EntitySchema<AgentEntity>({
      name: 'agent',
      tableName: 'agents',
      columns: {
        ...{ id: key(), name: text(), version: text(), description: maybe(), status: text(), owner: text() },
        ...{ nameFolded: text('name_folded'), publicKey: text('public_key'), certificateId: text('certificate_id') },
        ...{ defaultEndpointId: maybe('default_endpoint_id'), versionKey: maybe('version_key') },
        ...{ createdAt: time('created_at'), updatedAt: time('updated_at'), expiresAt: time('expires_at') },
      },
      relations: {
        certificate: { type: 'many-to-one', target: 'certificate', joinColumn: { name: 'certificate_id' } },
        endpoints: owned('endpoint', 'agent'),
        capabilities: owned('agentCapability', 'agent'),
        metadata: owned('agentMetadata', 'agent'),
      },
    }),
    endpoint: new EntitySchema<EndpointEntity>({
      name: 'endpoint',
      tableName: 'endpoints',
      columns: {
        ...{ agentId: key('agent_id'), id: key(), position: number, protocol: text(), address: text(), port: number },
        ...{ healthStatus: text('health_status'), lastChecked: time('last_checked') },
        ...{ healthMessage: maybe('health_message'), metadata: maybe() },
      },
      relations: { agent: owner('agent', 'agent_id', 'endpoints') },
    }),
    capability: new EntitySchema<CapabilityEntity>({
      name: 'capability',
      tableName: 'capabilities',
      columns: { id: key(), name: text() },
    }),
    agentCapability: new EntitySchema<AgentCapabilityEntity>({
      name: 'agentCapability',
      tableName: 'agent_capabilities',
      columns: { agentId: key('agent_id'), capabilityId: key('capability_id') },
      relations: {
        agent: owner('agent', 'agent_id', 'capabilities'),
        capability: { type: 'many-to-one', target: 'capability', joinColumn: { name: 'capability_id' } },
      },
    }),
    agentMetadata: new EntitySchema<AgentMetadataEntity>({
      name: 'agentMetadata',
      tableName: 'agent_metadata',
      columns: { agentId: key('agent_id'), key: key(), value: text() },
      relations: { agent: owner('agent', 'agent_id', 'metadata') },
    }),
    certificate: new EntitySchema<CertificateEntity>({
      name: 'certificate',
      tableName: 'certificates',
      columns: {
        ...{ id: key(), subject: text(), issuer: text(), certificate: text(), fingerprint: text(), status: text() },
        ...{ fingerprintKey: text('fingerprint_key'), publicKey: text('public_key') },
        ...{ notBefore: time('not_before'), notAfter: time('not_after'), createdAt: time('created_at') },
      },
      relations: { metadata: owned('certificateMetadata', 'owner') },
    }),
    certificateMetadata: new EntitySchema<CertificateMetadataEntity>({
      name: 'certificateMetadata',
      tableName: 'certificate_metadata',
      columns: { certificateId: key('certificate_id'), key: key(), value: text() },
      relations: { owner: owner('certificate', 'certificate_id', 'metadata') },
    }),
    event: new EntitySchema<EventEntity>({
      name: 'event',
      tableName: 'security_events',
      columns: {
        ...{ id: key(), timestamp: time('timestamp'), eventType: text('event_type'), severity: text(), source: text() },
        ...{ target: text(), description: text(), mitigationDetails: maybe('mitigation_details') },
        mitigationApplied: { type: 'boolean', name: 'mitigation_applied' },
      },
      relations: { metadata: owned('eventMetadata', 'event') },
    }),
    eventMetadata: new EntitySchema<EventMetadataEntity>({
      name: 'eventMetadata',
      tableName: 'security_event_metadata',
      columns: { eventId: key('event_id'), key: key(), value: text() },
      relations: { event: owner('event', 'event_id', 'metadata') },
    }),
  };
}
