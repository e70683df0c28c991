import { randomUUID } from 'node:crypto';
import type { JsonValue } from '../../../src';
import type { Prisma } from '../../../src/generated/prisma/client';
import type { BenchAgent, BenchEvent } from '../data';
import { foldedName, versionKey } from './derived-columns';

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

function scalars(agent: BenchAgent) {
  const { name, publicKey, version, description, createdAt, updatedAt, expiresAt, status, owner } = agent;
  return {
    name,
    nameFolded: foldedName(name),
    publicKey,
    certificate: { connect: { id: agent.certificateId } },
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

function collections({ endpoints, capabilities, metadata }: BenchAgent) {
  return {
    endpoints: {
      create: endpoints.map(({ id, protocol, address, port, health }, position) => ({
        id,
        position,
        protocol,
        address,
        port,
        healthStatus: health.status,
        lastChecked: health.lastChecked,
      })),
    },
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
