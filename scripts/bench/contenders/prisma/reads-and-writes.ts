import { randomUUID } from 'node:crypto';
import type { Prisma, PrismaClient } from '../../../../src/generated/prisma/client';
import { Keyset, type Reads, type Writes } from '../../contender';
import { fingerprintKey } from '../derived-columns';
import { toAgent, toCertificate, toEvent } from '../graph-records';
import { agentRow, endpointRows, linkRows, metadataRows } from '../rows';
import { createAgentData, createEventData, updateAgentData } from './write-data';

const agentInclude = {
  endpoints: { orderBy: { position: 'asc' } },
  capabilities: { include: { capability: true }, orderBy: { capability: { name: 'asc' } } },
  metadata: true,
} satisfies Prisma.AgentInclude;

const newestFirst = [{ updatedAt: 'desc' }, { id: 'asc' }] satisfies Prisma.AgentOrderByWithRelationInput[];

export function reads(client: PrismaClient): Reads {
  const page = { include: agentInclude, orderBy: newestFirst } as const;
  const keyset = new Keyset();
  const find = async (where: Prisma.AgentWhereInput, take: number) =>
    (await client.agent.findMany({ ...page, where, take })).map(toAgent);
  return {
    getAgent: async (id) => {
      const agent = await client.agent.findUnique({ where: { id }, include: agentInclude });
      return agent === null ? null : toAgent(agent);
    },
    searchAgents: (name, capabilities, limit) =>
      find(
        {
          nameFolded: { contains: name.toLowerCase() },
          capabilities: { some: { capability: { name: { in: [...capabilities] } } } },
        },
        limit,
      ),
    agentsWithAll: (capabilities, limit) =>
      find({ AND: capabilities.map((name) => ({ capabilities: { some: { capability: { name } } } })) }, limit),
    agentsByFingerprint: async (fingerprint) => {
      const where = { certificate: { fingerprintKey: fingerprintKey(fingerprint) } };
      return (await client.agent.findMany({ ...page, where })).map(toAgent);
    },
    agentsOfOwner: (owner, limit) => find({ owner }, limit),
    agentsAtOffset: async (skip, take) => (await client.agent.findMany({ ...page, skip, take })).map(toAgent),
    nextPage: async (isFirst, take) => {
      const last = keyset.after(isFirst);
      const after = last === undefined ? undefined : { cursor: { id: last.id }, skip: 1 };
      return keyset.moveTo((await client.agent.findMany({ ...page, ...after, take })).map(toAgent));
    },
    queryEvents: async (from, to, severities, limit) => {
      const events = await client.securityEvent.findMany({
        where: { timestamp: { gte: from, lte: to }, severity: { in: [...severities] } },
        include: { metadata: true },
        orderBy: [{ timestamp: 'desc' }, { id: 'asc' }],
        take: limit,
      });
      return events.map(toEvent);
    },
    getCertificateByFingerprint: async (fingerprint) => {
      const where = { fingerprintKey: fingerprintKey(fingerprint) };
      const certificate = await client.certificate.findUnique({ where, include: { metadata: true } });
      return certificate === null ? null : toCertificate(certificate);
    },
  };
}

export function writes(client: PrismaClient): Writes {
  return {
    createAgent: async (agent) =>
      (await client.agent.create({ data: createAgentData(agent), select: { id: true } })).id,
    createAgents: async (agents) => {
      const wanted = [...new Set(agents.flatMap(({ capabilities }) => capabilities))];
      await client.$transaction(
        async (tx) => {
          const known = await tx.capability.findMany({ where: { name: { in: wanted } } });
          const ids = new Map(known.map(({ id, name }) => [name, id]));
          const missing = wanted.filter((name) => !ids.has(name)).map((name) => ({ id: randomUUID(), name }));
          for (const { id, name } of missing) ids.set(name, id);
          await tx.capability.createMany({ data: missing });
          await tx.agent.createMany({ data: agents.map(agentRow) });
          await tx.endpoint.createMany({ data: agents.flatMap(endpointRows) });
          await tx.agentCapability.createMany({ data: agents.flatMap((agent) => linkRows(agent, ids)) });
          await tx.agentMetadata.createMany({ data: agents.flatMap(metadataRows) });
        },
        { timeout: 60_000 },
      );
    },
    updateAgent: (agent) =>
      client.$transaction(async (tx) => {
        const select = { capabilities: { select: { capability: { select: { name: true } } } } };
        const found = await tx.agent.findUnique({ where: { id: agent.id }, select });
        if (found === null) return false;
        const dropped = found.capabilities.map(({ capability }) => capability.name);
        await tx.agent.update({ where: { id: agent.id }, data: updateAgentData(agent), select: { id: true } });
        await tx.capability.deleteMany({ where: { name: { in: dropped }, agents: { none: {} } } });
        return true;
      }),
    recordEvent: async (event) =>
      (await client.securityEvent.create({ data: createEventData(event), select: { id: true } })).id,
    transact: async (agents, event) => {
      const select = { id: true } as const;
      await client.$transaction([
        ...agents.map((agent) => client.agent.create({ data: createAgentData(agent), select })),
        client.securityEvent.create({ data: createEventData(event), select }),
      ]);
    },
  };
}
