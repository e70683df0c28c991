import { randomUUID } from 'node:crypto';
import { and, eq, inArray, ne, notExists, or, sql } from 'drizzle-orm';
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3';
import type { Writes } from '../../contender';
import * as rows from '../rows';
import type { BenchAgent, BenchEvent } from '../../data';
import { columnPlaceholders } from './shared';
import * as schema from './sqlite-schema';

const { agentCapabilities, agentMetadata, agents, capabilities, endpoints } = schema;

type Db = BetterSQLite3Database<typeof schema>;

export function writes(db: Db): Writes {
  const insertAgent = db
    .insert(agents)
    .values(
      columnPlaceholders(
        ...(['id', 'name', 'nameFolded', 'publicKey', 'certificateId', 'defaultEndpointId', 'version'] as const),
        ...(['versionKey', 'description', 'createdAt', 'updatedAt', 'expiresAt', 'status', 'owner'] as const),
      ),
    )
    .prepare();
  const insertCollections = prepareCollections(db);
  const create = (agent: BenchAgent): void => {
    insertAgent.run(rows.agentRow(agent));
    insertCollections(agent);
  };
  const record = prepareRecord(db);
  const deleteEndpoints = db
    .delete(endpoints)
    .where(eq(endpoints.agentId, sql.placeholder('id')))
    .prepare();
  const deleteMetadata = db
    .delete(agentMetadata)
    .where(eq(agentMetadata.agentId, sql.placeholder('id')))
    .prepare();
  const unlink = db
    .delete(agentCapabilities)
    .where(eq(agentCapabilities.agentId, sql.placeholder('id')))
    .returning({ id: agentCapabilities.capabilityId })
    .prepare();
  return {
    createAgent: (agent) => {
      // The prepared statements belong to this transaction, because they run on the same connection.
      db.transaction(() => create(agent), { behavior: 'immediate' });
      return agent.id;
    },
    createAgents: (batch) => {
      db.transaction(() => batch.forEach(create), { behavior: 'immediate' });
    },
    updateAgent: (agent) =>
      db.transaction(
        () => {
          const { id, certificateId, status } = agent;
          const mayChange = and(eq(agents.id, id), or(ne(agents.status, 'REVOKED'), eq(agents.status, status)));
          const columns = { certificateId, ...rows.columnsOf(agent) };
          if (db.update(agents).set(columns).where(mayChange).run().changes === 0) return false;
          deleteEndpoints.run({ id });
          deleteMetadata.run({ id });
          const dropped = unlink.all({ id }).map((link) => link.id);
          insertCollections(agent);
          const links = db.select().from(agentCapabilities).where(eq(agentCapabilities.capabilityId, capabilities.id));
          if (dropped.length > 0) {
            db.delete(capabilities)
              .where(and(inArray(capabilities.id, dropped), notExists(links)))
              .run();
          }
          return true;
        },
        { behavior: 'immediate' },
      ),
    recordEvent: (event) => {
      db.transaction(() => record(event), { behavior: 'immediate' });
      return event.id;
    },
    transact: (batch, event) => {
      const work = (): void => {
        batch.forEach(create);
        record(event);
      };
      db.transaction(work, { behavior: 'immediate' });
    },
  };
}

function prepareCollections(db: Db): (agent: BenchAgent) => void {
  const insertEndpoint = db
    .insert(endpoints)
    .values(
      columnPlaceholders('agentId', 'id', 'position', 'protocol', 'address', 'port', 'healthStatus', 'lastChecked'),
    )
    .prepare();
  const insertCapability = db
    .insert(capabilities)
    .values(columnPlaceholders('id', 'name'))
    .onConflictDoNothing()
    .prepare();
  const findCapability = db
    .select({ id: capabilities.id })
    .from(capabilities)
    .where(eq(capabilities.name, sql.placeholder('name')))
    .prepare();
  const link = db.insert(agentCapabilities).values(columnPlaceholders('agentId', 'capabilityId')).prepare();
  const insertMetadata = db
    .insert(agentMetadata)
    .values(columnPlaceholders('agentId', 'key', 'value'))
    .prepare();
  return (agent) => {
    for (const row of rows.endpointRows(agent)) insertEndpoint.run(row);
    for (const name of agent.capabilities) {
      let capabilityId = findCapability.get({ name })?.id;
      if (capabilityId === undefined) insertCapability.run({ id: (capabilityId = randomUUID()), name });
      link.run({ agentId: agent.id, capabilityId });
    }
    for (const row of rows.metadataRows(agent)) insertMetadata.run(row);
  };
}

function prepareRecord(db: Db): (event: BenchEvent) => void {
  const { securityEvents, securityEventMetadata } = schema;
  const insertEvent = db
    .insert(securityEvents)
    .values(
      columnPlaceholders(
        ...(['id', 'timestamp', 'eventType', 'severity', 'source', 'target', 'description'] as const),
        'mitigationApplied',
      ),
    )
    .prepare();
  const insertMetadata = db
    .insert(securityEventMetadata)
    .values(columnPlaceholders('eventId', 'key', 'value'))
    .prepare();
  return (event) => {
    insertEvent.run(rows.eventRow(event));
    for (const row of rows.eventMetadataRows(event)) insertMetadata.run(row);
  };
}
