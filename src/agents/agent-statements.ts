import { v7 as uuidv7 } from 'uuid';
import { toEntriesJson } from '../metadata/metadata-rows';
import type { Dialect, RecordColumns } from '../sql/dialect';
import { join, sql, type Sql } from '../sql/sql';
import { defineStatement, toStatement, type Statement } from '../sql/statement';
import { agentColumns } from './agent-columns';
import type { AgentChange, AgentCollections, AgentColumns, NewAgentRow } from './agent-row';

const endpointColumns: RecordColumns = {
  id: 'text',
  position: 'integer',
  protocol: 'text',
  address: 'text',
  port: 'integer',
  health_status: { enumeration: 'HealthStatus' },
  last_checked: 'time',
  health_message: 'text',
  metadata: 'text',
};

const capabilityColumns: RecordColumns = { id: 'text', name: 'text' };

/** The statements of agents on one engine. Their number for one call never depends on what the agent carries. */
export class AgentStatements {
  readonly #dialect: Dialect;

  /** One whole agent. */
  readonly select;
  /** The agent's own row, as a change finds it: its status, and whether it has the endpoint `endpointId`. */
  readonly selectForChange;
  readonly #lockAgent;
  readonly #deleteAgent;
  readonly #insertAgent;
  readonly #insertEndpoints;
  readonly #deleteEndpoints;
  readonly #insertCapabilities;
  readonly #linkCapabilities;
  readonly #unlinkCapabilities;
  readonly #touchDroppedCapabilities;
  readonly #lockUnsharedCapabilities;
  readonly #deleteUnsharedCapabilities;
  readonly #insertMetadata;
  readonly #deleteMetadata;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
    this.select = defineStatement<{ id: string }>(
      (p) => sql`SELECT ${agentColumns(dialect)} FROM agents a WHERE a.id = ${p('id')}`,
    );
    this.selectForChange = defineStatement<{ id: string; endpointId: string | null }>(
      (p) => sql`SELECT a.status, EXISTS (
          SELECT 1 FROM endpoints e WHERE e.agent_id = a.id AND e.id = ${p('endpointId')}
        ) FROM agents a WHERE a.id = ${p('id')}`,
    );
    this.#lockAgent = defineStatement<{ id: string }>(
      (p) => sql`SELECT 1 FROM agents WHERE id = ${p('id')} FOR UPDATE`,
    );
    this.#deleteAgent = defineStatement<{ id: string }>((p) => sql`DELETE FROM agents WHERE id = ${p('id')}`);
    this.#insertAgent = defineStatement<Record<keyof AgentColumns, string | number | null>>(
      (p) => sql`INSERT INTO agents (id, name, name_folded, public_key, certificate_id, default_endpoint_id, version,
          version_key, description, created_at, updated_at, expires_at, status, owner)
        VALUES (${p('id')}, ${p('name')}, ${p('nameFolded')}, ${p('publicKey')}, ${p('certificateId')},
          ${p('defaultEndpointId')}, ${p('version')}, ${p('versionKey')}, ${p('description')},
          ${dialect.fromMs(p('createdAt'))}, ${dialect.fromMs(p('updatedAt'))}, ${dialect.fromMs(p('expiresAt'))},
          ${p('status')}, ${p('owner')})`,
    );
    this.#insertEndpoints = defineStatement<{ id: string; endpoints: string }>(
      (p) => sql`INSERT INTO endpoints (agent_id, id, position, protocol, address, port, health_status, last_checked,
          health_message, metadata)
        SELECT a.id, e.id, e.position, e.protocol, e.address, e.port, e.health_status, e.last_checked, e.health_message,
          e.metadata
        FROM ${dialect.recordSet(p('endpoints'), 'e', endpointColumns)} JOIN agents a ON a.id = ${p('id')}`,
    );
    this.#deleteEndpoints = defineStatement<{ id: string }>(
      (p) => sql`DELETE FROM endpoints WHERE agent_id = ${p('id')}`,
    );
    this.#insertCapabilities = defineStatement<{ id: string; capabilities: string }>(
      (p) => sql`INSERT INTO capabilities (id, name)
        SELECT n.id, n.name FROM ${dialect.recordSet(p('capabilities'), 'n', capabilityColumns)}
        JOIN agents a ON a.id = ${p('id')} WHERE TRUE ON CONFLICT (name) DO NOTHING`,
    );
    // By the name of each: one that somebody has deleted since must not be left out, but fail for want of an id.
    this.#linkCapabilities = defineStatement<{ id: string; capabilities: string }>(
      (p) => sql`INSERT INTO agent_capabilities (agent_id, capability_id)
        SELECT a.id, (SELECT c.id FROM capabilities c WHERE c.name = n.name)
        FROM ${dialect.recordSet(p('capabilities'), 'n', capabilityColumns)} JOIN agents a ON a.id = ${p('id')}
        WHERE TRUE ON CONFLICT DO NOTHING`,
    );
    this.#unlinkCapabilities = defineStatement<{ id: string; names: string }>(
      (p) => sql`DELETE FROM agent_capabilities WHERE agent_id = ${p('id')} AND capability_id NOT IN (
          SELECT c.id FROM capabilities c WHERE c.name IN (${dialect.elements(p('names'))}))`,
    );
    this.#touchDroppedCapabilities = defineStatement<{ id: string; names: string }>(
      (p) => sql`UPDATE capabilities SET name = name WHERE id IN (
          SELECT id FROM capabilities WHERE ${isDropped(dialect, p('id'), p('names'))}
          ORDER BY name FOR NO KEY UPDATE)`,
    );
    this.#lockUnsharedCapabilities = defineStatement<{ id: string; names: string }>(
      (p) => sql`SELECT 1 FROM capabilities
        WHERE ${isDropped(dialect, p('id'), p('names'))} AND ${isUnshared(p('id'))} ORDER BY name FOR UPDATE`,
    );
    this.#deleteUnsharedCapabilities = defineStatement<{ id: string; names: string }>(
      (p) => sql`DELETE FROM capabilities
        WHERE ${isDropped(dialect, p('id'), p('names'))} AND ${isUnshared(p('id'))}`,
    );
    this.#insertMetadata = defineStatement<{ id: string; metadata: string }>(
      (p) => sql`INSERT INTO agent_metadata (agent_id, key, value)
        SELECT a.id, m.key, m.value FROM ${dialect.entries(p('metadata'), 'm')} JOIN agents a ON a.id = ${p('id')}`,
    );
    this.#deleteMetadata = defineStatement<{ id: string }>(
      (p) => sql`DELETE FROM agent_metadata WHERE agent_id = ${p('id')}`,
    );
  }

  /** Five statements at most. */
  insert({ columns, collections }: NewAgentRow): Statement[] {
    return [this.#insertAgent({ ...columns }), ...this.#insertCollections(columns.id, collections)];
  }

  /**
   * The change of an agent that is there, eight statements at most where one transaction writes at a time. Whether it is
   * allowed is for the caller to tell from what `selectForChange` finds.
   */
  update({ id, columns, collections }: AgentChange): Statement[] {
    return [
      this.#updateAgent(id, columns, collections),
      ...this.#deleteCollections(id, collections),
      ...this.#insertCollections(id, collections),
    ];
  }

  /** The last statement tells by its changes whether the agent was there. Its collections go with it. */
  delete(id: string): Statement[] {
    return [...this.lock(id), ...this.#dropCapabilities(id, []), this.#deleteAgent({ id })];
  }

  /** Keeps others from changing the agent, where they may. Only a later statement sees what this one has waited for. */
  lock(id: string): Statement[] {
    return this.#dialect.hasConcurrentWriters ? [this.#lockAgent({ id })] : [];
  }

  /**
   * Deletes the capabilities that the agent alone has, but for those of `keptNames`; their links go with them. Before the
   * links are cut, as they tell which these are.
   *
   * Where others may write: of two agents that are about to lose the same capability, the second has to see what the first
   * one left, so each touches what it drops; an agent that is about to get one has locked it against deletion by its link,
   * so that lock is waited for, and only then is looked whether the capability is shared. All in the order of the names, so
   * that few wait for one another.
   */
  #dropCapabilities(id: string, keptNames: readonly string[]): Statement[] {
    const parameters = { id, names: JSON.stringify(keptNames) };
    const statement = this.#deleteUnsharedCapabilities(parameters);
    if (!this.#dialect.hasConcurrentWriters) return [statement];
    return [this.#touchDroppedCapabilities(parameters), this.#lockUnsharedCapabilities(parameters), statement];
  }

  #updateAgent(id: string, columns: AgentChange['columns'], { endpoints }: Partial<AgentCollections>): Statement {
    const assignments = this.#assignments(columns);
    if (endpoints !== undefined && columns.defaultEndpointId === undefined) {
      const ids = JSON.stringify(endpoints.map(([endpointId]) => endpointId));
      assignments.push(sql`default_endpoint_id = CASE WHEN default_endpoint_id IN (${this.#dialect.elements(sql`${ids}`)})
        THEN default_endpoint_id END`);
    }
    return toStatement(sql`UPDATE agents SET ${join(assignments)} WHERE id = ${id}`);
  }

  #assignments(columns: AgentChange['columns']): Sql[] {
    const { name, nameFolded, publicKey, certificateId, defaultEndpointId, version, versionKey } = columns;
    const { description, createdAt, updatedAt, expiresAt, status, owner } = columns;
    const { fromMs } = this.#dialect;
    const assignments: Sql[] = [sql`updated_at = ${fromMs(sql`${updatedAt}`)}`];
    if (name !== undefined) assignments.push(sql`name = ${name}, name_folded = ${nameFolded}`);
    if (publicKey !== undefined) assignments.push(sql`public_key = ${publicKey}`);
    if (certificateId !== undefined) assignments.push(sql`certificate_id = ${certificateId}`);
    if (defaultEndpointId !== undefined) assignments.push(sql`default_endpoint_id = ${defaultEndpointId}`);
    if (version !== undefined) assignments.push(sql`version = ${version}, version_key = ${versionKey}`);
    if (description !== undefined) assignments.push(sql`description = ${description}`);
    if (createdAt !== undefined) assignments.push(sql`created_at = ${fromMs(sql`${createdAt}`)}`);
    if (expiresAt !== undefined) assignments.push(sql`expires_at = ${fromMs(sql`${expiresAt}`)}`);
    if (status !== undefined) assignments.push(sql`status = ${status}`);
    if (owner !== undefined) assignments.push(sql`owner = ${owner}`);
    return assignments;
  }

  #deleteCollections(id: string, { endpoints, capabilities, metadata }: Partial<AgentCollections>): Statement[] {
    const statements: Statement[] = [];
    if (endpoints !== undefined) statements.push(this.#deleteEndpoints({ id }));
    if (capabilities !== undefined) {
      statements.push(...this.#dropCapabilities(id, capabilities));
      statements.push(this.#unlinkCapabilities({ id, names: JSON.stringify(capabilities) }));
    }
    if (metadata !== undefined) statements.push(this.#deleteMetadata({ id }));
    return statements;
  }

  #insertCollections(id: string, { endpoints, capabilities, metadata }: Partial<AgentCollections>): Statement[] {
    const statements: Statement[] = [];
    if (endpoints?.length) statements.push(this.#insertEndpoints({ id, endpoints: JSON.stringify(endpoints) }));
    if (capabilities?.length) {
      const rows = JSON.stringify(capabilities.map((name) => [uuidv7(), name]));
      statements.push(this.#insertCapabilities({ id, capabilities: rows }));
      statements.push(this.#linkCapabilities({ id, capabilities: rows }));
    }
    if (metadata?.length) statements.push(this.#insertMetadata({ id, metadata: toEntriesJson(metadata) }));
    return statements;
  }
}

function isDropped(dialect: Dialect, agentId: Sql, keptNames: Sql): Sql {
  return sql`id IN (SELECT own.capability_id FROM agent_capabilities own WHERE own.agent_id = ${agentId})
    AND name NOT IN (${dialect.elements(keptNames)})`;
}

function isUnshared(agentId: Sql): Sql {
  return sql`NOT EXISTS (
    SELECT 1 FROM agent_capabilities other WHERE other.capability_id = capabilities.id AND other.agent_id <> ${agentId}
  )`;
}
