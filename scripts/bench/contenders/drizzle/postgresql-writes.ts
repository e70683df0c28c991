import { randomUUID } from 'node:crypto';
import { and, eq, inArray, ne, notExists, or } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { Writes } from '../../contender';
import * as rows from '../rows';
import type { BenchAgent, BenchEvent } from '../../data';
import * as schema from './postgresql-schema';

const { agentCapabilities, agentMetadata, agents, capabilities, endpoints } = schema;

type Db = NodePgDatabase<typeof schema>;
type Tx = Pick<Db, 'insert' | 'select'>;

export function writes(db: Db): Writes {
  return {
    createAgent: async (agent) => {
      await db.transaction((tx) => create(tx, [agent]));
      return agent.id;
    },
    createAgents: (batch) => db.transaction((tx) => create(tx, batch)),
    updateAgent: (agent) =>
      db.transaction(async (tx) => {
        const { id, certificateId, status } = agent;
        const mayChange = and(eq(agents.id, id), or(ne(agents.status, 'REVOKED'), eq(agents.status, status)));
        const changed = await tx
          .update(agents)
          .set({ certificateId, ...rows.columnsOf(agent) })
          .where(mayChange);
        if (changed.rowCount === 0) return false;
        await tx.delete(endpoints).where(eq(endpoints.agentId, id));
        await tx.delete(agentMetadata).where(eq(agentMetadata.agentId, id));
        const dropped = await tx
          .delete(agentCapabilities)
          .where(eq(agentCapabilities.agentId, id))
          .returning({ id: agentCapabilities.capabilityId });
        await insertCollections(tx, [agent]);
        if (dropped.length > 0) {
          const ids = dropped.map((link) => link.id);
          const links = tx.select().from(agentCapabilities).where(eq(agentCapabilities.capabilityId, capabilities.id));
          await tx.delete(capabilities).where(and(inArray(capabilities.id, ids), notExists(links)));
        }
        return true;
      }),
    recordEvent: async (event) => {
      await db.transaction((tx) => record(tx, event));
      return event.id;
    },
    transact: (batch, event) =>
      db.transaction(async (tx) => {
        for (const agent of batch) await create(tx, [agent]);
        await record(tx, event);
      }),
  };
}

async function record(tx: Tx, event: BenchEvent): Promise<void> {
  await tx.insert(schema.securityEvents).values(rows.eventRow(event));
  const metadata = rows.eventMetadataRows(event);
  if (metadata.length > 0) await tx.insert(schema.securityEventMetadata).values(metadata);
}

async function create(tx: Tx, batch: readonly BenchAgent[]): Promise<void> {
  await tx.insert(agents).values(batch.map(rows.agentRow));
  await insertCollections(tx, batch);
}

async function insertCollections(tx: Tx, batch: readonly BenchAgent[]): Promise<void> {
  const endpointRows = batch.flatMap(rows.endpointRows);
  if (endpointRows.length > 0) await tx.insert(endpoints).values(endpointRows);
  const names = [...new Set(batch.flatMap((agent) => agent.capabilities))].sort();
  const ids = await capabilityIds(tx, names);
  const links = batch.flatMap((agent) => rows.linkRows(agent, ids));
  if (links.length > 0) await tx.insert(agentCapabilities).values(links);
  const metadataRows = batch.flatMap(rows.metadataRows);
  if (metadataRows.length > 0) await tx.insert(agentMetadata).values(metadataRows);
}

async function capabilityIds(tx: Tx, names: readonly string[]): Promise<Map<string, string>> {
  const known = await tx.select().from(capabilities).where(inArray(capabilities.name, names));
  const ids = new Map(known.map(({ id, name }) => [name, id]));
  const missing = names.filter((name) => !ids.has(name)).map((name) => ({ id: randomUUID(), name }));
  if (missing.length > 0) await tx.insert(capabilities).values(missing).onConflictDoNothing();
  for (const { id, name } of missing) ids.set(name, id);
  return ids;
}
