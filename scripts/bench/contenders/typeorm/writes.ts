import { randomUUID } from 'node:crypto';
import { In, Not, type EntityManager, type EntitySchema, type ObjectLiteral } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity';
import type { Writes } from '../../contender';
import * as rows from '../rows';
import type { BenchAgent, BenchEvent } from '../../data';
import type { Entities } from './entities';

/**
 * Maximum number of rows in one statement. It limits the number of parameters: SQLite allows 32,766, PostgreSQL 65,535.
 */
const rowsPerStatement = 2000;

/** Function that runs the work of one transaction. */
export type Transact = <T>(work: (tx: EntityManager) => Promise<T>) => Promise<T>;

/** Returns the writes of the TypeORM contender. Uses `insert`, because `save` would first select each row. */
export function writes(transaction: Transact, entities: Entities): Writes {
  const insertAgents = async (tx: EntityManager, agents: readonly BenchAgent[]) => {
    await insert(tx, entities.agent, agents.map(rows.agentRow));
    await insertCollections(tx, entities, agents);
  };
  const insertEvent = async (tx: EntityManager, event: BenchEvent) => {
    await insert(tx, entities.event, [rows.eventRow(event)]);
    await insert(tx, entities.eventMetadata, rows.eventMetadataRows(event));
  };
  const create = (agents: readonly BenchAgent[]) => transaction((tx) => insertAgents(tx, agents));
  return {
    createAgent: async (agent) => {
      await create([agent]);
      return agent.id;
    },
    createAgents: create,
    updateAgent: (agent) =>
      transaction(async (tx) => {
        const { id, certificateId, status } = agent;
        const mayChange = [
          { id, status: Not('REVOKED' as const) },
          { id, status },
        ];
        const changed = await tx
          .createQueryBuilder()
          .update(entities.agent)
          .set({ certificateId, ...rows.columnsOf(agent) })
          .where(mayChange)
          .execute();
        if (changed.affected === 0) return false;
        await tx.delete(entities.endpoint, { agentId: id });
        await tx.delete(entities.agentMetadata, { agentId: id });
        const links = await tx.findBy(entities.agentCapability, { agentId: id });
        await tx.delete(entities.agentCapability, { agentId: id });
        await insertCollections(tx, entities, [agent]);
        const dropped = links.map(({ capabilityId }) => capabilityId);
        await tx
          .createQueryBuilder()
          .delete()
          .from(entities.capability)
          .where({ id: In(dropped) })
          .andWhere('NOT EXISTS (SELECT 1 FROM agent_capabilities link WHERE link.capability_id = capabilities.id)')
          .execute();
        return true;
      }),
    recordEvent: async (event) => {
      await transaction((tx) => insertEvent(tx, event));
      return event.id;
    },
    transact: (agents, event) =>
      transaction(async (tx) => {
        for (const agent of agents) await insertAgents(tx, [agent]);
        await insertEvent(tx, event);
      }),
  };
}

async function insertCollections(tx: EntityManager, entities: Entities, agents: readonly BenchAgent[]): Promise<void> {
  await insert(tx, entities.endpoint, agents.flatMap(rows.endpointRows));
  const ids = await capabilityIds(
    tx,
    entities,
    [...new Set(agents.flatMap(({ capabilities }) => capabilities))].sort(),
  );
  await insert(
    tx,
    entities.agentCapability,
    agents.flatMap((agent) => rows.linkRows(agent, ids)),
  );
  await insert(tx, entities.agentMetadata, agents.flatMap(rows.metadataRows));
}

async function capabilityIds(
  tx: EntityManager,
  entities: Entities,
  names: readonly string[],
): Promise<Map<string, string>> {
  const known = await tx.findBy(entities.capability, { name: In(names) });
  const ids = new Map(known.map(({ id, name }) => [name, id]));
  const missing = names.filter((name) => !ids.has(name)).map((name) => ({ id: randomUUID(), name }));
  await insert(tx, entities.capability, missing);
  for (const { id, name } of missing) ids.set(name, id);
  return ids;
}

async function insert<E extends ObjectLiteral>(
  tx: EntityManager,
  entity: EntitySchema<E>,
  values: QueryDeepPartialEntity<E>[],
): Promise<void> {
  for (let start = 0; start < values.length; start += rowsPerStatement) {
    const chunk = values.slice(start, start + rowsPerStatement);
    // Without updateEntity(false), TypeORM would read generated values back into `chunk`.
    await tx.createQueryBuilder().insert().into(entity).values(chunk).updateEntity(false).execute();
  }
}
