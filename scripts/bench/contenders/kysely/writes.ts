import { randomUUID } from 'node:crypto';
import type { Kysely, Transaction } from 'kysely';
import type { Writes } from '../../contender';
import { foldedName, versionKey } from '../derived-columns';
import { entriesOf } from '../rows';
import type { BenchAgent, BenchEvent } from '../../data';
import type { Engine } from './engine';
import type { Tables } from './tables';

/**
 * Maximum number of rows in one statement. It limits the number of parameters: SQLite allows 32,766, PostgreSQL 65,535.
 */
const rowsPerStatement = 2000;

export function writes(db: Kysely<Tables>, engine: Engine): Writes {
  const create = (agents: readonly BenchAgent[]) => db.transaction().execute((tx) => insertAgents(tx, agents, engine));
  return {
    createAgent: async (agent) => {
      await create([agent]);
      return agent.id;
    },
    createAgents: create,
    updateAgent: (agent) =>
      db.transaction().execute(async (tx) => {
        const changed = await tx
          .updateTable('agents')
          .set(columnsOf(agent, engine))
          .where('id', '=', agent.id)
          .where((eb) => eb.or([eb('status', '<>', 'REVOKED'), eb('status', '=', agent.status)]))
          .executeTakeFirst();
        if (changed.numUpdatedRows === 0n) return false;
        await tx.deleteFrom('endpoints').where('agent_id', '=', agent.id).execute();
        await tx.deleteFrom('agent_metadata').where('agent_id', '=', agent.id).execute();
        const unlink = tx.deleteFrom('agent_capabilities').where('agent_id', '=', agent.id);
        const dropped = await unlink.returning('capability_id').execute();
        await insertCollections(tx, [agent], engine);
        if (dropped.length > 0) {
          const ids = dropped.map((link) => link.capability_id);
          await tx
            .deleteFrom('capabilities')
            .where('id', 'in', ids)
            .where((eb) => {
              const links = eb.selectFrom('agent_capabilities').whereRef('capability_id', '=', 'capabilities.id');
              return eb.not(eb.exists(links.select('agent_id')));
            })
            .execute();
        }
        return true;
      }),
    recordEvent: async (event) => {
      await db.transaction().execute((tx) => insertEvent(tx, event, engine));
      return event.id;
    },
    transact: (agents, event) =>
      db.transaction().execute(async (tx) => {
        for (const agent of agents) await insertAgents(tx, [agent], engine);
        await insertEvent(tx, event, engine);
      }),
  };
}

async function insertAgents(tx: Transaction<Tables>, agents: readonly BenchAgent[], engine: Engine) {
  for (const chunk of chunksOf(agents.map((agent) => ({ id: agent.id, ...columnsOf(agent, engine) })))) {
    await tx.insertInto('agents').values(chunk).execute();
  }
  await insertCollections(tx, agents, engine);
}

async function insertEvent(tx: Transaction<Tables>, event: BenchEvent, { toTime, toFlag }: Engine) {
  const { id, timestamp, eventType, severity, source, target, description, mitigationApplied } = event;
  const times = { timestamp: toTime(timestamp), mitigation_applied: toFlag(mitigationApplied) };
  const row = { id, event_type: eventType, severity, source, target, description, ...times };
  await tx.insertInto('security_events').values(row).execute();
  const entries = entriesOf(event.metadata).map((entry) => ({ event_id: id, ...entry }));
  if (entries.length > 0) await tx.insertInto('security_event_metadata').values(entries).execute();
}

async function insertCollections(tx: Transaction<Tables>, agents: readonly BenchAgent[], { toTime }: Engine) {
  const endpoints = agents.flatMap((agent) =>
    agent.endpoints.map(({ id, protocol, address, port, health }, position) => ({
      ...{ agent_id: agent.id, id, position, protocol, address, port },
      health_status: health.status,
      last_checked: toTime(health.lastChecked),
    })),
  );
  for (const chunk of chunksOf(endpoints)) await tx.insertInto('endpoints').values(chunk).execute();
  const ids = await capabilityIds(tx, [...new Set(agents.flatMap(({ capabilities }) => capabilities))].sort());
  const links = agents.flatMap(({ id, capabilities }) =>
    capabilities.map((name) => ({ agent_id: id, capability_id: ids.get(name) ?? '' })),
  );
  for (const chunk of chunksOf(links)) await tx.insertInto('agent_capabilities').values(chunk).execute();
  const entries = agents.flatMap(({ id, metadata }) =>
    entriesOf(metadata).map((entry) => ({ agent_id: id, ...entry })),
  );
  for (const chunk of chunksOf(entries)) await tx.insertInto('agent_metadata').values(chunk).execute();
}

async function capabilityIds(tx: Transaction<Tables>, names: readonly string[]): Promise<Map<string, string>> {
  const known = await tx.selectFrom('capabilities').select(['id', 'name']).where('name', 'in', names).execute();
  const ids = new Map(known.map(({ id, name }) => [name, id]));
  const missing = names.filter((name) => !ids.has(name)).map((name) => ({ id: randomUUID(), name }));
  for (const chunk of chunksOf(missing)) {
    await tx
      .insertInto('capabilities')
      .values(chunk)
      .onConflict((oc) => oc.doNothing())
      .execute();
  }
  for (const { id, name } of missing) ids.set(name, id);
  return ids;
}

function columnsOf(agent: BenchAgent, { toTime }: Engine) {
  const { name, publicKey, certificateId, defaultEndpoint, version, description, status, owner } = agent;
  return {
    ...{ name, version, description, status, owner },
    name_folded: foldedName(name),
    public_key: publicKey,
    certificate_id: certificateId,
    default_endpoint_id: defaultEndpoint,
    version_key: versionKey(version),
    created_at: toTime(agent.createdAt),
    updated_at: toTime(agent.updatedAt),
    expires_at: toTime(agent.expiresAt),
  };
}

function* chunksOf<T>(rows: readonly T[]): Generator<T[]> {
  for (let start = 0; start < rows.length; start += rowsPerStatement) yield rows.slice(start, start + rowsPerStatement);
}
