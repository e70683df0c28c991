import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3';
import { Prisma, PrismaClient } from '../../../src/generated/prisma/client';
import type { Contender } from '../contender';
import { fingerprintKey } from './derived-columns';
import { agentInclude, toAgent, toCertificate, toEvent } from './prisma-records';
import { createAgentData, createEventData, updateAgentData } from './prisma-writes';

const newestFirst = [{ updatedAt: 'desc' }, { id: 'asc' }] satisfies Prisma.AgentOrderByWithRelationInput[];

/** Prisma Client as its documentation has it, on the official adapter. */
export async function openPrisma(path: string): Promise<Contender> {
  const adapter = new PrismaBetterSqlite3({ url: `file:${path}` }, { timestampFormat: 'unixepoch-ms' });
  const client = new PrismaClient({ adapter });
  // The adapter has no option for them; it has one connection, which keeps them.
  for (const pragma of [
    'journal_mode = WAL',
    'synchronous = NORMAL',
    'foreign_keys = ON',
    'temp_store = MEMORY',
    'cache_size = -65536',
  ]) {
    await client.$queryRawUnsafe(`PRAGMA ${pragma}`);
  }
  return { ...reads(client), ...writes(client), close: () => client.$disconnect() };
}

function reads(client: PrismaClient): Omit<Contender, 'createAgent' | 'updateAgent' | 'recordEvent' | 'close'> {
  const page = { include: agentInclude, orderBy: newestFirst } as const;
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
    ableAgents: (capabilities, limit) =>
      find({ AND: capabilities.map((name) => ({ capabilities: { some: { capability: { name } } } })) }, limit),
    agentsByFingerprint: async (fingerprint) => {
      const where = { certificate: { fingerprintKey: fingerprintKey(fingerprint) } };
      return (await client.agent.findMany({ ...page, where })).map(toAgent);
    },
    agentsOfOwner: (owner, limit) => find({ owner }, limit),
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

function writes(client: PrismaClient): Pick<Contender, 'createAgent' | 'updateAgent' | 'recordEvent'> {
  return {
    createAgent: async (agent) =>
      (await client.agent.create({ data: createAgentData(agent), select: { id: true } })).id,
    updateAgent: (agent) =>
      client.$transaction(async (tx) => {
        const found = await tx.agent.findUnique({ where: { id: agent.id }, select: { status: true } });
        if (found === null) return false;
        await tx.agent.update({ where: { id: agent.id }, data: updateAgentData(agent), select: { id: true } });
        await tx.capability.deleteMany({ where: { agents: { none: {} } } });
        return true;
      }),
    recordEvent: async (event) =>
      (await client.securityEvent.create({ data: createEventData(event), select: { id: true } })).id,
  };
}
