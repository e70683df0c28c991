import type { JsonValue } from '../../../src';
import type { BenchAgent, BenchEndpoint, BenchEvent } from '../data';
import { foldedName, versionKey } from './derived-columns';

/* Converts records to rows of the tables. */

/** Returns the columns of an agent that an update sets. */
export function columnsOf(agent: BenchAgent) {
  const { name, publicKey, version, description, createdAt, updatedAt, expiresAt, status, owner } = agent;
  return {
    name,
    nameFolded: foldedName(name),
    publicKey,
    defaultEndpointId: agent.defaultEndpoint,
    version,
    versionKey: versionKey(version),
    description,
    createdAt,
    updatedAt,
    expiresAt,
    status,
    owner,
  };
}

export function agentRow(agent: BenchAgent) {
  return { id: agent.id, certificateId: agent.certificateId, ...columnsOf(agent) };
}

export function endpointColumnsOf({ id, protocol, address, port, health }: BenchEndpoint, position: number) {
  return { id, position, protocol, address, port, healthStatus: health.status, lastChecked: health.lastChecked };
}

export function endpointRows({ id: agentId, endpoints }: BenchAgent) {
  return endpoints.map((endpoint, position) => ({ agentId, ...endpointColumnsOf(endpoint, position) }));
}

/** Returns the rows of `agent_capabilities`; `ids` maps names of capabilities to ids. */
export function linkRows({ id: agentId, capabilities }: BenchAgent, ids: ReadonlyMap<string, string>) {
  return capabilities.map((name) => ({ agentId, capabilityId: ids.get(name) ?? '' }));
}

export function metadataRows({ id: agentId, metadata }: BenchAgent) {
  return entriesOf(metadata).map((entry) => ({ agentId, ...entry }));
}

export function eventRow(event: BenchEvent) {
  const { id, timestamp, eventType, severity, source, target, description, mitigationApplied } = event;
  return { id, timestamp, eventType, severity, source, target, description, mitigationApplied };
}

export function eventMetadataRows({ id: eventId, metadata }: BenchEvent) {
  return entriesOf(metadata).map((entry) => ({ eventId, ...entry }));
}

export function entriesOf(metadata: Readonly<Record<string, JsonValue>>) {
  return Object.entries(metadata).map(([key, value]) => ({ key, value: JSON.stringify(value) }));
}
