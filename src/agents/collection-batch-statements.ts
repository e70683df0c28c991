import type { Dialect } from '../sql/dialect';
import { partsByWeight } from '../sql/chunks';
import { sql, type Sql } from '../sql/sql';
import { defineStatement, type Statement } from '../sql/statement';
import type { StoredCapabilities } from './capability-statements';
import type { AgentCollections } from './new-row';
import { rowsOf, type CollectionStatements } from './relation-statements';

/** New collections of one agent, which replace the stored ones. An undefined collection stays unchanged. */
export interface CollectionChange {
  readonly agentId: string;
  readonly collections: Readonly<Partial<AgentCollections>>;
  readonly stored: StoredCapabilities;
  /** Number of rows that are stored for the agent: endpoints and entries of metadata. */
  readonly size: number;
}

/** Statements that replace the collections of several agents, for one SQL dialect. */
export class CollectionBatchStatements {
  readonly #collections: CollectionStatements;
  readonly #deleteOtherEndpoints;
  readonly #deleteOtherMetadata;

  constructor(dialect: Dialect, collections: CollectionStatements) {
    this.#collections = collections;
    const deleteOthers = (table: Sql, key: Sql) =>
      defineStatement<{ ids: string; kept: string }>(
        (p) => sql`DELETE FROM ${table}
          WHERE ${dialect.inSubquery(sql`agent_id`, dialect.jsonArrayElements(p('ids')))} AND (agent_id, ${key}) NOT IN (
            SELECT k.agent_id, k.entry_key FROM
            ${dialect.jsonRecordSet(p('kept'), 'k', { agent_id: 'text', entry_key: 'text' })})`,
      );
    this.#deleteOtherEndpoints = deleteOthers(sql`endpoints`, sql`id`);
    this.#deleteOtherMetadata = deleteOthers(sql`agent_metadata`, sql`key`);
  }

  /**
   * Returns the statements that replace the stored collections of the agents. The statements write only the
   * differences. The transaction must have locked the rows of the agents.
   */
  replace(changes: readonly CollectionChange[]): Statement[] {
    const { mergeEndpoints, mergeMetadata, capabilities } = this.#collections;
    return [
      ...deletions(changes, 'endpoints', this.#deleteOtherEndpoints),
      ...mergeEndpoints(rowsOfMany(changes, 'endpoints')),
      ...deletions(changes, 'metadata', this.#deleteOtherMetadata),
      ...mergeMetadata(rowsOfMany(changes, 'metadata')),
      ...capabilities.replaceMany(
        changes.flatMap(({ agentId, collections: { capabilities: names }, stored }) =>
          names === undefined ? [] : [{ agentId, names, stored }],
        ),
      ),
    ];
  }
}

type Keyed = 'endpoints' | 'metadata';

/** Returns the statements that delete the stored entries that are missing from the new collections of the agents. */
function deletions(
  changes: readonly CollectionChange[],
  name: Keyed,
  deleteOthers: (parameters: { ids: string; kept: string }) => Statement,
): Statement[] {
  const entriesOf = ({ collections }: CollectionChange) => collections[name] ?? [];
  const changed = changes.filter(({ collections }) => collections[name] !== undefined);
  return partsByWeight(changed, (change) => change.size + entriesOf(change).length).map((part) =>
    deleteOthers({
      ids: JSON.stringify(part.map(({ agentId }) => agentId)),
      kept: JSON.stringify(part.flatMap((change) => entriesOf(change).map(([key]) => [change.agentId, key]))),
    }),
  );
}

function rowsOfMany(changes: readonly CollectionChange[], name: Keyed): (readonly unknown[])[] {
  return changes.flatMap(({ agentId, collections }) => rowsOf(agentId, collections[name] ?? []));
}
