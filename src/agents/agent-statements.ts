import type { Dialect, RecordColumns } from '../sql/dialect';
import { perEngine } from '../sql/per-engine';
import { join, raw, sql, type Sql } from '../sql/sql';
import { defineStatement, toStatement, type Statement } from '../sql/statement';
import { agentColumns } from './agent-columns';
import type { AgentChange, AgentCollections, AgentColumns, NewAgentRow } from './agent-row';
import { CollectionStatements } from './collection-statements';

/** The columns of an agent's own row, each with its type in a record set, in the order of its fields in {@link AgentColumns}. */
const columnTypes: Readonly<Record<keyof AgentColumns, readonly [column: string, type: RecordColumns[string]]>> = {
  id: ['id', 'text'],
  name: ['name', 'text'],
  nameFolded: ['name_folded', 'text'],
  publicKey: ['public_key', 'text'],
  certificateId: ['certificate_id', 'text'],
  defaultEndpointId: ['default_endpoint_id', 'text'],
  version: ['version', 'text'],
  versionKey: ['version_key', 'text'],
  description: ['description', 'text'],
  createdAt: ['created_at', 'time'],
  updatedAt: ['updated_at', 'time'],
  expiresAt: ['expires_at', 'time'],
  status: ['status', { enumeration: 'AgentStatus' }],
  owner: ['owner', 'text'],
  uniqueKey: ['unique_key', 'text'],
};

// The keys of an object literal of this type are all of its fields.
const columnFields = Object.keys(columnTypes) as (keyof AgentColumns)[];
const columnNames = raw(columnFields.map((field) => columnTypes[field][0]).join(', '));
const recordColumns: RecordColumns = Object.fromEntries(columnFields.map((field) => columnTypes[field]));

const namesakeColumns: RecordColumns = { position: 'integer', name: 'text', version: 'text', owner: 'text' };

/** Whose name and version it is that must not be registered already; no owner: anybody's. */
export type Namesake = readonly [position: number, name: string, version: string, owner: string | null];

/** The statements of agents on one engine. Their number for one call never depends on what the agents carry. */
export class AgentStatements {
  readonly collections: CollectionStatements;
  /** One whole agent. */
  readonly select;
  /** Whole agents, those of `ids` that there are, in no order. */
  readonly selectMany;
  /**
   * The agent's own row, as a change finds it: its status, when it was changed last, and whether it has the endpoint
   * `endpointId`.
   */
  readonly selectForChange;
  /** Those of `ids` that are certificates, which stay so until the end of the transaction. */
  readonly selectCertificates;
  /** Those of `ids` that are agents. */
  readonly selectIds;
  /** The positions of those of `namesakes` that somebody has registered. */
  readonly selectNamesakes;
  /** Waits for those who register agents of the same name and version alone, where others may. */
  readonly takeTurn;
  /**
   * Keeps others from changing the agent until the end of the transaction, where they may; gives a row when it is there.
   * Only a later statement sees what this one has waited for.
   */
  readonly lock;
  /** Inserts agents without what belongs to them, but for those whose id or unique key is taken; gives the ids. */
  readonly insertMany;
  readonly updateEndpointHealth;
  /** Whether the agent has the endpoint. */
  readonly selectEndpoint;
  /** Lets agents expire whose time has passed, `limit` at most; gives their ids. */
  readonly expireDue;
  readonly #dialect: Dialect;
  readonly #deleteAgent;
  readonly #insertAgent;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
    this.collections = new CollectionStatements(dialect);
    this.select = defineStatement<{ id: string }>(
      (p) => sql`SELECT ${agentColumns(dialect)} FROM agents a WHERE a.id = ${p('id')}`,
    );
    this.selectMany = defineStatement<{ ids: string }>(
      (p) => sql`SELECT ${agentColumns(dialect)} FROM agents a WHERE a.id IN (${dialect.elements(p('ids'))})`,
    );
    this.selectForChange = defineStatement<{ id: string; endpointId: string | null }>(
      (p) => sql`SELECT a.status, ${dialect.toMs(sql`a.updated_at`)}, EXISTS (
          SELECT 1 FROM endpoints e WHERE e.agent_id = a.id AND e.id = ${p('endpointId')}
        ) FROM agents a WHERE a.id = ${p('id')}`,
    );
    this.selectCertificates = defineStatement<{ ids: string }>(
      (p) => sql`SELECT c.id FROM certificates c WHERE c.id IN (${dialect.elements(p('ids'))})
        ${dialect.hasConcurrentWriters ? sql`FOR KEY SHARE` : sql``}`,
    );
    this.selectIds = defineStatement<{ ids: string }>(
      (p) => sql`SELECT a.id FROM agents a WHERE a.id IN (${dialect.elements(p('ids'))})`,
    );
    this.selectNamesakes = defineStatement<{ namesakes: string }>(
      (p) => sql`SELECT n.position FROM ${dialect.recordSet(p('namesakes'), 'n', namesakeColumns)} WHERE EXISTS (
          SELECT 1 FROM agents a WHERE a.name = n.name AND a.version = n.version
          AND (n.owner IS NULL OR a.owner = n.owner))`,
    );
    const { takeTurn } = dialect;
    this.takeTurn =
      takeTurn === undefined ? undefined : defineStatement<{ turn: string }>((p) => takeTurn(sql`${p('turn')}`));
    this.lock = dialect.hasConcurrentWriters
      ? defineStatement<{ id: string }>((p) => sql`SELECT 1 FROM agents WHERE id = ${p('id')} FOR UPDATE`)
      : undefined;
    this.#deleteAgent = defineStatement<{ id: string }>((p) => sql`DELETE FROM agents WHERE id = ${p('id')}`);
    this.#insertAgent = defineStatement<Record<keyof AgentColumns, string | number | null>>((p) => {
      const values = columnFields.map((field) =>
        columnTypes[field][1] === 'time' ? dialect.fromMs(p(field)) : p(field),
      );
      return sql`INSERT INTO agents (${columnNames}) VALUES (${join(values)})`;
    });
    this.insertMany = defineStatement<{ agents: string }>(
      (p) => sql`INSERT INTO agents (${columnNames})
        SELECT ${columnNames} FROM ${dialect.recordSet(p('agents'), 'r', recordColumns)}
        WHERE TRUE ON CONFLICT DO NOTHING RETURNING id`,
    );
    this.selectEndpoint = defineStatement<{ agentId: string; id: string }>(
      (p) => sql`SELECT 1 FROM endpoints WHERE agent_id = ${p('agentId')} AND id = ${p('id')}`,
    );
    this.updateEndpointHealth = defineStatement<{
      agentId: string;
      id: string;
      status: string;
      lastChecked: number;
      message: string | null;
    }>(
      (
        p,
      ) => sql`UPDATE endpoints SET health_status = ${p('status')}, last_checked = ${dialect.fromMs(p('lastChecked'))},
          health_message = ${p('message')}
        WHERE agent_id = ${p('agentId')} AND id = ${p('id')}`,
    );
    // What is due is asked where it is locked: of what others change meanwhile, the server looks again whether it is.
    this.expireDue = defineStatement<{ now: number; limit: number }>(
      (p) => sql`WITH due AS MATERIALIZED (
          SELECT a.id FROM agents a
          WHERE a.expires_at <= ${dialect.fromMs(p('now'))} AND a.status IN ('ACTIVE', 'DEPRECATED')
          ORDER BY a.expires_at, a.id LIMIT CAST(${p('limit')} AS BIGINT)
          ${dialect.hasConcurrentWriters ? sql`FOR NO KEY UPDATE` : sql``})
        UPDATE agents SET status = 'EXPIRED', updated_at = ${dialect.nextTime(sql`updated_at`, p('now'))}
        WHERE id IN (SELECT id FROM due) RETURNING id`,
    );
  }

  /** Five statements at most. */
  insert({ columns, collections }: NewAgentRow): Statement[] {
    return [this.#insertAgent({ ...columns }), ...this.collections.insert([{ agentId: columns.id, collections }])];
  }

  /** The rows of {@link insertMany}, in the order of its columns. */
  static toRecord(columns: AgentColumns): unknown[] {
    return columnFields.map((field) => columns[field]);
  }

  /**
   * The change of an agent that is there, eight statements at most where one transaction writes at a time. Whether it is
   * allowed is for the caller to tell from what `selectForChange` finds.
   */
  update({ id, columns, collections, mergedMetadata }: AgentChange): Statement[] {
    return [
      this.#updateAgent(id, columns, collections),
      ...this.collections.clear(id, collections),
      ...this.collections.insert([{ agentId: id, collections }]),
      ...this.collections.mergeMetadata(id, mergedMetadata ?? []),
    ];
  }

  /** For an agent that is there, and that {@link lock} keeps. Its collections go with it. */
  delete(id: string): Statement[] {
    return [...this.collections.dropCapabilities(id, []), this.#deleteAgent({ id })];
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
    return columnFields.flatMap((field) => {
      const value = field === 'id' ? undefined : columns[field];
      if (value === undefined) return [];
      const [name, type] = columnTypes[field];
      return [sql`${raw(name)} = ${type === 'time' ? this.#dialect.fromMs(sql`${value}`) : sql`${value}`}`];
    });
  }
}

/** The statements of an engine. */
export const agentStatements = perEngine((dialect) => new AgentStatements(dialect));

/** The health of an endpoint, as it is stored. */
export type EndpointHealthColumns = Parameters<AgentStatements['updateEndpointHealth']>[0];
