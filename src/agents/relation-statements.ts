import type { AgentMetadataModel, EndpointModel } from '../generated/prisma/models';
import { columnNames, recordColumns, type Columns } from '../sql/columns';
import type { Dialect } from '../sql/dialect';
import { chunkRows, statementsFor } from '../sql/chunks';
import { join, raw, sql, type Sql } from '../sql/sql';
import { defineStatement, type Statement } from '../sql/statement';
import { CapabilityStatements, type StoredCapabilities } from './capability-statements';
import type { AgentCollections } from './new-row';

/** Columns of the table `endpoints`: the id of the agent, then the columns of `EndpointRow` in the same order. */
const endpointTable: Columns<EndpointModel> = {
  agentId: ['agent_id', 'text'],
  id: ['id', 'text'],
  position: ['position', 'integer'],
  protocol: ['protocol', 'text'],
  address: ['address', 'text'],
  port: ['port', 'integer'],
  healthStatus: ['health_status', { enumeration: 'HealthStatus' }],
  lastChecked: ['last_checked', 'time'],
  healthMessage: ['health_message', 'text'],
  metadata: ['metadata', 'text'],
};

const metadataTable: Columns<AgentMetadataModel> = {
  agentId: ['agent_id', 'text'],
  key: ['key', 'text'],
  value: ['value', 'text'],
};

/** Collections of one agent (endpoints, capabilities and metadata), with the id of the agent. */
export interface OwnedCollections {
  readonly agentId: string;
  readonly collections: AgentCollections;
}

/** Columns that change when a new endpoint replaces a stored endpoint with the same id. */
const replaced = Object.values(endpointTable)
  .map(([name]) => name)
  .filter((name) => name !== 'agent_id' && name !== 'id')
  .map((name) => raw(name));

const isContainer = sql`substr(m.value, 1, 1) IN ('[', '{')`;

/**
 * Statements about the endpoints, capabilities and metadata of agents, for one SQL dialect. One statement inserts up to
 * {@link chunkRows} rows, even for several agents.
 */
export class CollectionStatements {
  /**
   * Selects the size of the metadata entries of an agent whose keys are not in `keys`. The size is the number of bytes,
   * and an upper bound of the number of JSON values.
   */
  readonly selectKeptSize;
  /** Selects the arrays and objects among the metadata values of an agent whose keys are not in `keys`. */
  readonly selectKeptContainers;
  /**
   * Deletes at most {@link chunkRows} entries of an agent's metadata. Undefined on PostgreSQL, where a long statement
   * does not block the process.
   */
  readonly deleteSomeMetadata;
  readonly capabilities: CapabilityStatements;
  readonly #insertEndpoints;
  readonly #mergeEndpoints;
  readonly #deleteOtherEndpoints;
  readonly #insertMetadata;
  readonly #mergeMetadata;
  readonly #deleteOtherMetadata;

  constructor(dialect: Dialect) {
    this.capabilities = new CapabilityStatements(dialect);
    const insertEndpoints = (rows: Sql): Sql => sql`INSERT INTO endpoints (${columnNames(endpointTable)})
        SELECT ${columnNames(endpointTable)} FROM ${dialect.jsonRecordSet(rows, 'e', recordColumns(endpointTable))}`;
    this.#insertEndpoints = defineStatement<{ endpoints: string }>((p) => insertEndpoints(p('endpoints')));
    this.#mergeEndpoints = defineStatement<{ endpoints: string }>(
      (p) => sql`${insertEndpoints(p('endpoints'))}
        WHERE TRUE ON CONFLICT (agent_id, id) DO UPDATE SET ${join(replaced.map((name) => sql`${name} = excluded.${name}`))}
        WHERE (${join(replaced.map((name) => sql`endpoints.${name}`))})
          IS DISTINCT FROM (${join(replaced.map((name) => sql`excluded.${name}`))})`,
    );
    this.#deleteOtherEndpoints = defineStatement<{ id: string; keptIds: string }>(
      (p) => sql`DELETE FROM endpoints
        WHERE agent_id = ${p('id')} AND id NOT IN (${dialect.jsonArrayElements(p('keptIds'))})`,
    );
    const insertMetadata = (rows: Sql): Sql => sql`INSERT INTO agent_metadata (agent_id, key, value)
        SELECT m.agent_id, m.key, m.value FROM ${dialect.jsonRecordSet(rows, 'm', recordColumns(metadataTable))}`;
    this.#insertMetadata = defineStatement<{ metadata: string }>((p) => insertMetadata(p('metadata')));
    this.#mergeMetadata = defineStatement<{ metadata: string }>(
      (p) => sql`${insertMetadata(p('metadata'))}
        WHERE TRUE ON CONFLICT (agent_id, key) DO UPDATE SET value = excluded.value
        WHERE agent_metadata.value <> excluded.value`,
    );
    const isKept = (p: (name: 'id' | 'keys') => Sql): Sql =>
      sql`m.agent_id = ${p('id')} AND m.key NOT IN (${dialect.jsonArrayElements(p('keys'))})`;
    // In an array or object, each JSON value takes at least two characters, including its separator. So half of the
    // length, rounded up, is an upper bound of the number of values.
    this.selectKeptSize = defineStatement<{ id: string; keys: string }>(
      (p) => sql`SELECT coalesce(sum(octet_length(m.key) + octet_length(m.value)), 0),
          coalesce(sum(CASE WHEN ${isContainer} THEN (length(m.value) + 1) / 2 ELSE 1 END), 0)
        FROM agent_metadata m WHERE ${isKept(p)}`,
    );
    this.selectKeptContainers = defineStatement<{ id: string; keys: string }>(
      (p) => sql`SELECT m.value FROM agent_metadata m WHERE ${isKept(p)} AND ${isContainer}`,
    );
    this.deleteSomeMetadata = dialect.usesRowLocks
      ? undefined
      : defineStatement<{ id: string }>(
          (p) => sql`DELETE FROM agent_metadata WHERE agent_id = ${p('id')} AND key IN (
            SELECT m.key FROM agent_metadata m WHERE m.agent_id = ${p('id')} LIMIT ${raw(String(chunkRows))})`,
        );
    this.#deleteOtherMetadata = defineStatement<{ id: string; keys: string }>(
      (p) => sql`DELETE FROM agent_metadata AS m WHERE ${isKept(p)}`,
    );
  }

  /**
   * Returns the statements that insert collections: one each for endpoints, capabilities, links between agents and
   * capabilities, and metadata. Omits a statement without rows, and divides a statement with more than {@link
   * chunkRows} rows.
   */
  insert(owners: readonly OwnedCollections[]): Statement[] {
    const endpoints = owners.flatMap(({ agentId, collections }) => rowsOf(agentId, collections.endpoints));
    const metadata = owners.flatMap(({ agentId, collections }) => rowsOf(agentId, collections.metadata));
    const links = owners.map(({ agentId, collections }) => ({ agentId, names: collections.capabilities }));
    return [
      ...statementsFor(endpoints, (rows) => this.#insertEndpoints({ endpoints: JSON.stringify(rows) })),
      ...this.capabilities.insert(links),
      ...statementsFor(metadata, (rows) => this.#insertMetadata({ metadata: JSON.stringify(rows) })),
    ];
  }

  /**
   * Returns the statements that replace the stored collections of an agent. The statements write only the differences.
   * An undefined collection stays unchanged. The transaction must have locked the row of the agent.
   */
  replace(
    id: string,
    { endpoints, capabilities, metadata }: Readonly<Partial<AgentCollections>>,
    stored: StoredCapabilities,
  ): Statement[] {
    const statements: Statement[] = [];
    if (endpoints !== undefined) {
      const keptIds = JSON.stringify(endpoints.map(([endpointId]) => endpointId));
      statements.push(this.#deleteOtherEndpoints({ id, keptIds }));
      statements.push(...this.mergeEndpoints(rowsOf(id, endpoints)));
    }
    if (metadata !== undefined) {
      statements.push(this.#deleteOtherMetadata({ id, keys: JSON.stringify(metadata.map(([key]) => key)) }));
      statements.push(...this.mergeMetadata(rowsOf(id, metadata)));
    }
    if (capabilities !== undefined) statements.push(...this.capabilities.replace(id, capabilities, stored));
    return statements;
  }

  /** Returns the statements that insert endpoints or change stored ones. Each row begins with the id of an agent. */
  readonly mergeEndpoints = (rows: readonly unknown[]): Statement[] =>
    statementsFor(rows, (chunk) => this.#mergeEndpoints({ endpoints: JSON.stringify(chunk) }));

  /** Returns the statements that add or replace entries of metadata. Each row begins with the id of an agent. */
  readonly mergeMetadata = (rows: readonly unknown[]): Statement[] =>
    statementsFor(rows, (chunk) => this.#mergeMetadata({ metadata: JSON.stringify(chunk) }));
}

/** Returns the entries of a collection as rows. Each row begins with the id of the agent. */
export function rowsOf(agentId: string, entries: readonly (readonly unknown[])[]): (readonly unknown[])[] {
  return entries.map((entry) => [agentId, ...entry]);
}
