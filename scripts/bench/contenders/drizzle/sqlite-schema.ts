import { relations } from 'drizzle-orm';
import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import type { AgentStatus, CertificateStatus, HealthStatus, SecuritySeverity } from '../../../../src';

const time = (name: string) => integer(name, { mode: 'timestamp_ms' });

export const certificates = sqliteTable('certificates', {
  id: text().primaryKey(),
  subject: text().notNull(),
  issuer: text().notNull(),
  notBefore: time('not_before').notNull(),
  notAfter: time('not_after').notNull(),
  publicKey: text('public_key').notNull(),
  certificate: text().notNull(),
  fingerprint: text().notNull(),
  fingerprintKey: text('fingerprint_key').notNull().unique(),
  status: text().$type<CertificateStatus>().notNull(),
  createdAt: time('created_at').notNull(),
});

export const certificateMetadata = sqliteTable(
  'certificate_metadata',
  {
    certificateId: text('certificate_id').notNull(),
    key: text().notNull(),
    value: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.certificateId, table.key] })],
);

export const agents = sqliteTable('agents', {
  id: text().primaryKey(),
  name: text().notNull(),
  nameFolded: text('name_folded').notNull(),
  publicKey: text('public_key').notNull(),
  certificateId: text('certificate_id').notNull(),
  defaultEndpointId: text('default_endpoint_id'),
  version: text().notNull(),
  versionKey: text('version_key'),
  description: text(),
  createdAt: time('created_at').notNull(),
  updatedAt: time('updated_at').notNull(),
  expiresAt: time('expires_at').notNull(),
  status: text().$type<AgentStatus>().notNull(),
  owner: text().notNull(),
});

export const endpoints = sqliteTable(
  'endpoints',
  {
    agentId: text('agent_id').notNull(),
    id: text().notNull(),
    position: integer().notNull(),
    protocol: text().notNull(),
    address: text().notNull(),
    port: integer().notNull(),
    healthStatus: text('health_status').$type<HealthStatus>().notNull(),
    lastChecked: time('last_checked').notNull(),
    healthMessage: text('health_message'),
    metadata: text(),
  },
  (table) => [primaryKey({ columns: [table.agentId, table.id] })],
);

export const capabilities = sqliteTable('capabilities', {
  id: text().primaryKey(),
  name: text().notNull().unique(),
});

export const agentCapabilities = sqliteTable(
  'agent_capabilities',
  {
    agentId: text('agent_id').notNull(),
    capabilityId: text('capability_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.agentId, table.capabilityId] })],
);

export const agentMetadata = sqliteTable(
  'agent_metadata',
  {
    agentId: text('agent_id').notNull(),
    key: text().notNull(),
    value: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.agentId, table.key] })],
);

export const securityEvents = sqliteTable('security_events', {
  id: text().primaryKey(),
  timestamp: time('timestamp').notNull(),
  eventType: text('event_type').notNull(),
  severity: text().$type<SecuritySeverity>().notNull(),
  source: text().notNull(),
  target: text().notNull(),
  description: text().notNull(),
  mitigationApplied: integer('mitigation_applied', { mode: 'boolean' }).notNull(),
  mitigationDetails: text('mitigation_details'),
});

export const securityEventMetadata = sqliteTable(
  'security_event_metadata',
  {
    eventId: text('event_id').notNull(),
    key: text().notNull(),
    value: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.eventId, table.key] })],
);

export const agentRelations = relations(agents, ({ many }) => ({
  endpoints: many(endpoints),
  capabilities: many(agentCapabilities),
  metadata: many(agentMetadata),
}));

export const endpointRelations = relations(endpoints, ({ one }) => ({
  agent: one(agents, { fields: [endpoints.agentId], references: [agents.id] }),
}));

export const agentCapabilityRelations = relations(agentCapabilities, ({ one }) => ({
  agent: one(agents, { fields: [agentCapabilities.agentId], references: [agents.id] }),
  capability: one(capabilities, { fields: [agentCapabilities.capabilityId], references: [capabilities.id] }),
}));

export const agentMetadataRelations = relations(agentMetadata, ({ one }) => ({
  agent: one(agents, { fields: [agentMetadata.agentId], references: [agents.id] }),
}));

export const certificateRelations = relations(certificates, ({ many }) => ({ metadata: many(certificateMetadata) }));

export const certificateMetadataRelations = relations(certificateMetadata, ({ one }) => ({
  owner: one(certificates, { fields: [certificateMetadata.certificateId], references: [certificates.id] }),
}));

export const securityEventRelations = relations(securityEvents, ({ many }) => ({
  metadata: many(securityEventMetadata),
}));

export const securityEventMetadataRelations = relations(securityEventMetadata, ({ one }) => ({
  event: one(securityEvents, { fields: [securityEventMetadata.eventId], references: [securityEvents.id] }),
}));
