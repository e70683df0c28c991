import { randomUUID } from 'node:crypto';
import type { Prisma } from '../../../../src/generated/prisma/client';
import type { BenchAgent, BenchEvent } from '../../data';
import { columnsOf, endpointColumnsOf, entriesOf } from '../rows';

/** Returns Prisma's nested input that creates an agent with its collections. */
export function createAgentData(agent: BenchAgent): Prisma.AgentCreateInput {
  return { id: agent.id, ...scalars(agent), ...collections(agent) };
}

/** Returns Prisma's nested input that updates an agent. It deletes the collections and creates them again. */
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
  return { ...event, metadata: { create: entriesOf(metadata) } };
}

function scalars(agent: BenchAgent) {
  return { ...columnsOf(agent), certificate: { connect: { id: agent.certificateId } } };
}

function collections({ endpoints, capabilities, metadata }: BenchAgent) {
  return {
    endpoints: { create: endpoints.map(endpointColumnsOf) },
    capabilities: {
      create: capabilities.map((name) => ({
        capability: { connectOrCreate: { where: { name }, create: { id: randomUUID(), name } } },
      })),
    },
    metadata: { create: entriesOf(metadata) },
  };
}
