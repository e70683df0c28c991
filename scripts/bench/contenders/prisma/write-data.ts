import { randomUUID } from 'node:crypto';
import type { JsonValue } from '../../../../src';
import type { Prisma } from '../../../../src/generated/prisma/client';
import type { BenchAgent, BenchEndpoint, BenchEvent } from '../../data';
import { foldedName, versionKey } from '../derived-columns';

/** A nested create: the agent with all that belongs to it. */
export function createAgentData(agent: BenchAgent): Prisma.AgentCreateInput {
  return { id: agent.id, ...scalars(agent), ...collections(agent) };
}

/** The same as a nested update: collections are emptied and filled again. */
export function updateAgentData(agent: BenchAgent): Prisma.AgentUpdateInput {
  const { endpoints, capabilities, metadata } = collections(agent);
  return {
    ...scalars(agent),
    endpoints: { deleteMany: {}, ...endpoints },
    capabilities: { deleteMany: {}, ...capabilities },
    metadata: { deleteMany: {}, ...metadata },
  };
}

export function createEventData({ metadata, ...event }: BenchEvent): Prisma.SecurityEventCreateInput {
  return { ...event, metadata: { create: entries(metadata) } };
}

/** The same as rows of tables, for many agents at once. */
export function agentRow(agent: BenchAgent): Prisma.AgentCreateManyInput {
  return { id: agent.id, certificateId: agent.certificateId, ...columns(agent) };
}

export function endpointRows({ id: agentId, endpoints }: BenchAgent): Prisma.EndpointCreateManyInput[] {
  return endpoints.map((endpoint, position) => ({ agentId, ...endpointColumns(endpoint, position) }));
}

export function linkRows(
  { id: agentId, capabilities }: BenchAgent,
  ids: ReadonlyMap<string, string>,
): Prisma.AgentCapabilityCreateManyInput[] {
  return capabilities.map((name) => ({ agentId, capabilityId: ids.get(name) ?? '' }));
}

export function metadataRows({ id: agentId, metadata }: BenchAgent): Prisma.AgentMetadataCreateManyInput[] {
  return entries(metadata).map((entry) => ({ agentId, ...entry }));
}

function scalars(agent: BenchAgent) {
  return { ...columns(agent), certificate: { connect: { id: agent.certificateId } } };
}

function columns(agent: BenchAgent) {
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

function endpointColumns({ id, protocol, address, port, health }: BenchEndpoint, position: number) {
  return { id, position, protocol, address, port, healthStatus: health.status, lastChecked: health.lastChecked };
}

function collections({ endpoints, capabilities, metadata }: BenchAgent) {
  return {
    endpoints: { create: endpoints.map(endpointColumns) },
    capabilities: {
      create: capabilities.map((name) => ({
        capability: { connectOrCreate: { where: { name }, create: { id: randomUUID(), name } } },
      })),
    },
    metadata: { create: entries(metadata) },
  };
}

function entries(metadata: Readonly<Record<string, JsonValue>>): { key: string; value: string }[] {
  return Object.entries(metadata).map(([key, value]) => ({ key, value: JSON.stringify(value) }));
}
