import { v7 as uuidv7 } from 'uuid';
import type { AgentMetadataModel, CapabilityModel, EndpointModel } from '../generated/prisma/models';
import { columnNames, recordColumns, type Columns } from '../sql/columns';
import type { Dialect, RecordColumns } from '../sql/dialect';
import { chunkRows, statementsFor } from '../sql/chunks';
import { raw, sql, type Sql } from '../sql/sql';
import { defineStatement, type Statement } from '../sql/statement';
import type { AgentCollections } from './new-row';

/** Columns of the table `endpoints`: the id of the agent, then the columns of an `EndpointRow` in the same order. */
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

const capabilityTable: Columns<CapabilityModel> = { id: ['id', 'text'], name: ['name', 'text'] };
const metadataTable: Columns<AgentMetadataModel> = {
  agentId: ['agent_id', 'text'],
  key: ['key', 'text'],
  value: ['value', 'text'],
};
const linkColumns: RecordColumns = { agent_id: 'text', name: 'text' };

/** Collections of one agent, with the id of the agent. */
export interface OwnedCollections {
  readonly agentId: string;
  readonly collections: Readonly<Partial<AgentCollections>>;
}

const isContainer = sql`substr(m.value, 1, 1) IN ('[', '{')`;

/**
 * Statements about the endpoints, capabilities and metadata of agents, for one engine. One statement inserts up to
 * {@link chunkRows} rows, which may belong to several agents.
 */
export class CollectionStatements {
  /**
   * Selects the size of the metadata entries of an agent whose keys are not in `keys`: the number of bytes, and an
   * upper bound of the number of JSON values.
   */
  readonly selectKeptSize;
  /** Selects the values that are arrays or objects, of the entries that {@link selectKeptSize} measures. */
  readonly selectKeptContainers;
  /**
   * Deletes at most {@link chunkRows} entries of an agent's metadata. Undefined on PostgreSQL, where a long statement
   * does not block the process.
   */
  readonly deleteSomeMetadata;
  readonly #usesRowLocks: boolean;
  readonly #insertEndpoints;
  readonly #deleteEndpoints;
  readonly #insertCapabilities;
  readonly #linkCapabilities;
  readonly #unlinkCapabilities;
  readonly #touchDroppedCapabilities;
  readonly #lockUnsharedCapabilities;
  readonly #deleteUnsharedCapabilities;
  readonly #insertMetadata;
  readonly #mergeMetadata;
  readonly #deleteMetadata;

  constructor(dialect: Dialect) {
    this.#usesRowLocks = dialect.usesRowLocks;
    this.#insertEndpoints = defineStatement<{ endpoints: string }>(
      (p) => sql`INSERT INTO endpoints (${columnNames(endpointTable)}) SELECT ${columnNames(endpointTable)}
        FROM ${dialect.jsonRecordSet(p('endpoints'), 'e', recordColumns(endpointTable))}`,
    );
    this.#deleteEndpoints = defineStatement<{ id: string }>(
      (p) => sql`DELETE FROM endpoints WHERE agent_id = ${p('id')}`,
    );
    this.#insertCapabilities = defineStatement<{ capabilities: string }>(
      (p) => sql`INSERT INTO capabilities (id, name)
        SELECT n.id, n.name FROM ${dialect.jsonRecordSet(p('capabilities'), 'n', recordColumns(capabilityTable))}
        WHERE TRUE ON CONFLICT (name) DO NOTHING`,
    );
    // Looks up each capability by its name. When another transaction has deleted the capability meanwhile, the
    // looked-up id is null and the statement fails. A join would omit the link without an error.
    this.#linkCapabilities = defineStatement<{ links: string }>(
      (p) => sql`INSERT INTO agent_capabilities (agent_id, capability_id)
        SELECT l.agent_id, (SELECT c.id FROM capabilities c WHERE c.name = l.name)
        FROM ${dialect.jsonRecordSet(p('links'), 'l', linkColumns)} WHERE TRUE ON CONFLICT DO NOTHING`,
    );
    this.#unlinkCapabilities = defineStatement<{ id: string; names: string }>(
      (p) => sql`DELETE FROM agent_capabilities WHERE agent_id = ${p('id')} AND capability_id NOT IN (
          SELECT c.id FROM capabilities c WHERE c.name IN (${dialect.jsonArrayElements(p('names'))}))`,
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
    const insertMetadata = (rows: Sql): Sql => sql`INSERT INTO agent_metadata (agent_id, key, value)
        SELECT m.agent_id, m.key, m.value FROM ${dialect.jsonRecordSet(rows, 'm', recordColumns(metadataTable))}`;
    this.#insertMetadata = defineStatement<{ metadata: string }>((p) => insertMetadata(p('metadata')));
    this.#mergeMetadata = defineStatement<{ metadata: string }>(
      (p) => sql`${insertMetadata(p('metadata'))}
        WHERE TRUE ON CONFLICT (agent_id, key) DO UPDATE SET value = excluded.value`,
    );
    const isKept = (p: (name: 'id' | 'keys') => Sql): Sql =>
      sql`m.agent_id = ${p('id')} AND m.key NOT IN (${dialect.jsonArrayElements(p('keys'))})`;
    // Inside an array or object, each JSON value takes at least two characters, including its separator. Therefore half
    // of the length, rounded up, is an upper bound of the number of values.
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
    this.#deleteMetadata = defineStatement<{ id: string }>(
      (p) => sql`DELETE FROM agent_metadata WHERE agent_id = ${p('id')}`,
    );
  }

  /**
   * Returns the statements that insert the collections: one each for the endpoints, the capabilities, their links and
   * the metadata of all agents. Omits a statement that has no rows, and divides a statement of more than
   * {@link chunkRows} rows.
   */
  insert(owners: readonly OwnedCollections[]): Statement[] {
    const { endpoints, names, links, metadata } = toRecordSets(owners);
    // The names are sorted. Otherwise two transactions could each wait for a name that the other one has inserted.
    const capabilities = [...names].sort().map((name) => [uuidv7(), name]);
    return [
      ...statementsFor(endpoints, (rows) => this.#insertEndpoints({ endpoints: JSON.stringify(rows) })),
      ...statementsFor(capabilities, (rows) => this.#insertCapabilities({ capabilities: JSON.stringify(rows) })),
      ...statementsFor(links, (rows) => this.#linkCapabilities({ links: JSON.stringify(rows) })),
      ...statementsFor(metadata, (rows) => this.#insertMetadata({ metadata: JSON.stringify(rows) })),
    ];
  }

  /**
   * Returns the statements that delete the stored collections of an agent before new collections replace them. Keeps
   * each collection that is undefined, and the links to capabilities that the agent still has.
   */
  clear(id: string, { endpoints, capabilities, metadata }: Readonly<Partial<AgentCollections>>): Statement[] {
    const statements: Statement[] = [];
    if (endpoints !== undefined) statements.push(this.#deleteEndpoints({ id }));
    if (capabilities !== undefined) {
      statements.push(...this.dropCapabilities(id, capabilities));
      statements.push(this.#unlinkCapabilities({ id, names: JSON.stringify(capabilities) }));
    }
    if (metadata !== undefined) statements.push(this.#deleteMetadata({ id }));
    return statements;
  }

  /** Returns the statements that set entries of an agent's metadata and keep all others. */
  mergeMetadata(id: string, metadata: AgentCollections['metadata']): Statement[] {
    const rows = metadata.map(([key, value]) => [id, key, value]);
    return statementsFor(rows, (chunk) => this.#mergeMetadata({ metadata: JSON.stringify(chunk) }));
  }

  /**
   * Returns the statements that delete the capabilities that only this agent has, except `keptNames`, together with
   * their links. Run them before the other links of the agent are deleted, because the links identify its capabilities.
   *
   * On engines with row locks, two cases need locks:
   *
   * - Two transactions remove the same capability from two agents. The second one must see that the first one has
   *   deleted its link. Therefore the first statement updates the capabilities that the agent loses, so that the second
   *   transaction waits.
   * - Another transaction adds the capability to another agent. The foreign key of the new link locks the capability
   *   against deletion. Therefore the second statement waits for that lock. Only then does the last statement check
   *   whether another agent has the capability.
   *
   * The statements lock the capabilities in the order of their names, so that two transactions seldom wait for each
   * other.
   */
  dropCapabilities(id: string, keptNames: readonly string[]): Statement[] {
    const parameters = { id, names: JSON.stringify(keptNames) };
    const statement = this.#deleteUnsharedCapabilities(parameters);
    if (!this.#usesRowLocks) return [statement];
    return [this.#touchDroppedCapabilities(parameters), this.#lockUnsharedCapabilities(parameters), statement];
  }
}

function toRecordSets(owners: readonly OwnedCollections[]) {
  const endpoints: unknown[] = [];
  const names = new Set<string>();
  const links: unknown[] = [];
  const metadata: unknown[] = [];
  for (const { agentId, collections } of owners) {
    for (const endpoint of collections.endpoints ?? []) endpoints.push([agentId, ...endpoint]);
    for (const name of collections.capabilities ?? []) {
      names.add(name);
      links.push([agentId, name]);
    }
    for (const entry of collections.metadata ?? []) metadata.push([agentId, ...entry]);
  }
  return { endpoints, names, links, metadata };
}

function isDropped(dialect: Dialect, agentId: Sql, keptNames: Sql): Sql {
  return sql`id IN (SELECT own.capability_id FROM agent_capabilities own WHERE own.agent_id = ${agentId})
    AND name NOT IN (${dialect.jsonArrayElements(keptNames)})`;
}

function isUnshared(agentId: Sql): Sql {
  return sql`NOT EXISTS (
    SELECT 1 FROM agent_capabilities other WHERE other.capability_id = capabilities.id AND other.agent_id <> ${agentId}
  )`;
}
