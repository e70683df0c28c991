import { Between, In, LessThan, Like, MoreThan, type DataSource, type FindManyOptions } from 'typeorm';
import type { AgentRecord } from '../../../../src';
import { Keyset, type Reads } from '../../contender';
import { fingerprintKey } from '../derived-columns';
import * as graph from '../graph-records';
import type { AgentEntity, Entities } from './entities';

const relations = { endpoints: true, capabilities: { capability: true }, metadata: true } as const;
const newestFirst = { updatedAt: 'DESC', id: 'ASC' } as const;

export function reads(source: DataSource, entities: Entities): Reads {
  const agents = source.getRepository(entities.agent);
  const events = source.getRepository(entities.event);
  const certificates = source.getRepository(entities.certificate);
  const holders = (names: readonly string[]) =>
    source
      .getRepository(entities.agentCapability)
      .createQueryBuilder('holder')
      .select('holder.agentId', 'agentId')
      .innerJoin('holder.capability', 'capability')
      .where('capability.name IN (:...names)', { names });
  // Loads the collections of a page with three more statements. A join would multiply the rows, and TypeORM's load
  // strategy "query" takes many times as long.
  const find = async (options: FindManyOptions<AgentEntity>): Promise<AgentRecord[]> => {
    const found = await agents.find({ ...options, order: newestFirst });
    const agentId = In(found.map(({ id }) => id));
    const [endpoints, capabilities, metadata] = await Promise.all([
      source.getRepository(entities.endpoint).findBy({ agentId }),
      source.getRepository(entities.agentCapability).find({ where: { agentId }, relations: { capability: true } }),
      source.getRepository(entities.agentMetadata).findBy({ agentId }),
    ]);
    const [endpointsOf, capabilitiesOf, metadataOf] = [byAgent(endpoints), byAgent(capabilities), byAgent(metadata)];
    return found.map((agent) => {
      const { id } = agent;
      const owned = { endpoints: endpointsOf(id), capabilities: capabilitiesOf(id), metadata: metadataOf(id) };
      return toAgent({ ...agent, ...owned });
    });
  };
  const keyset = new Keyset();
  return {
    getAgent: async (id) => {
      const agent = await agents.findOne({ where: { id }, relations });
      return agent === null ? null : toAgent(agent);
    },
    searchAgents: async (name, names, take) => {
      const able = holders(names);
      const found = await agents
        .createQueryBuilder('agent')
        .select('agent.id')
        .where({ nameFolded: Like(`%${name.toLowerCase()}%`) })
        .andWhere(`agent.id IN (${able.getQuery()})`)
        .setParameters(able.getParameters())
        .orderBy({ 'agent.updatedAt': 'DESC', 'agent.id': 'ASC' })
        .limit(take)
        .getMany();
      return find({ where: { id: In(found.map(({ id }) => id)) } });
    },
    agentsWithAll: async (names, take) => {
      const able = holders(names).groupBy('holder.agentId').having('COUNT(*) = :number', { number: names.length });
      const found = await agents
        .createQueryBuilder('agent')
        .select('agent.id')
        .where(`agent.id IN (${able.getQuery()})`)
        .setParameters(able.getParameters())
        .orderBy({ 'agent.updatedAt': 'DESC', 'agent.id': 'ASC' })
        .limit(take)
        .getMany();
      return find({ where: { id: In(found.map(({ id }) => id)) } });
    },
    agentsByFingerprint: (fingerprint) =>
      find({ where: { certificate: { fingerprintKey: fingerprintKey(fingerprint) } } }),
    agentsOfOwner: (owner, take) => find({ where: { owner }, take }),
    agentsAtOffset: (skip, take) => find({ skip, take }),
    nextPage: async (isFirst, take) => {
      const last = keyset.after(isFirst);
      if (last === undefined) return keyset.moveTo(await find({ take }));
      const { updatedAt, id } = last;
      const where = [{ updatedAt: LessThan(updatedAt) }, { updatedAt, id: MoreThan(id) }];
      return keyset.moveTo(await find({ where, take }));
    },
    queryEvents: async (from, to, severities, take) => {
      const found = await events.find({
        where: { timestamp: Between(from, to), severity: In(severities) },
        order: { timestamp: 'DESC', id: 'ASC' },
        take,
      });
      const ids = In(found.map(({ id }) => id));
      const metadata = await source.getRepository(entities.eventMetadata).findBy({ eventId: ids });
      const metadataOf = groupsOf(metadata, (entry) => entry.eventId);
      return found.map((event) => graph.toEvent({ ...event, metadata: metadataOf(event.id) }));
    },
    getCertificateByFingerprint: async (fingerprint) => {
      const where = { fingerprintKey: fingerprintKey(fingerprint) };
      const certificate = await certificates.findOne({ where, relations: { metadata: true } });
      return certificate === null ? null : graph.toCertificate(certificate);
    },
  };
}

function byAgent<T extends { readonly agentId: string }>(rows: readonly T[]): (agentId: string) => T[] {
  return groupsOf(rows, ({ agentId }) => agentId);
}

function groupsOf<T>(rows: readonly T[], ownerOf: (row: T) => string): (owner: string) => T[] {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const owner = ownerOf(row);
    const group = groups.get(owner);
    if (group === undefined) groups.set(owner, [row]);
    else group.push(row);
  }
  return (owner) => groups.get(owner) ?? [];
}

/** Sorts the collections, whose order TypeORM's relations do not define, and converts the agent. */
function toAgent(agent: AgentEntity): AgentRecord {
  const endpoints = [...agent.endpoints].sort((a, b) => a.position - b.position);
  const capabilities = [...agent.capabilities].sort((a, b) => (a.capability.name < b.capability.name ? -1 : 1));
  return graph.toAgent({ ...agent, endpoints, capabilities });
}
