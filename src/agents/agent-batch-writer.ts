import type { CreateResult } from '../options/batch-options';
import type { UpdateManyOptions, UpdateResult, UpsertManyOptions, UpsertResult } from './batch-types';
import type { AgentInput, AgentUpdate, CreateManyOptions, EndpointHealthReport } from './types';

/** Methods of `db.agents` that change many agents. Each changed agent gets an entry in the change feed. */
export interface AgentBatchWriter {
  /**
   * Registers many agents, in batches of up to 500. With `onError: 'abort'`, the default, the call is atomic. With
   * `'collect'`, a refused agent does not prevent the registration of the others, and each batch is atomic.
   *
   * @returns the result of each agent, in input order; an empty array for no agents.
   * @throws with `'abort'`, the error of the first refused agent, as for `create`; INVALID_INPUT for wrong
   * options, when `agents` is not an array, or when it has more than `limits.batchSize` elements.
   * @example
   * ```ts
   * const results = await db.agents.createMany(agents, { onError: 'collect' });
   * for (const result of results) {
   *   if (!result.ok) console.error(result.id, result.error.code);
   * }
   * ```
   */
  createMany(agents: readonly AgentInput[], options?: CreateManyOptions): Promise<CreateResult[]>;

  /**
   * Changes many agents, in batches of up to 500. The results are those of one `update` call for each agent, in input
   * order. An agent can occur several times, and can get a unique name that an earlier update has released. With
   * `onError: 'abort'`, the default, the call is atomic. With `'collect'`, a refused update does not prevent the
   * others, and each batch is atomic.
   *
   * @returns the result of each update, in input order: `changed` is false when the agent does not exist. An empty
   * array for no updates.
   * @throws with `'abort'`, the error of the first refused update, as for `update`; INVALID_INPUT for wrong options,
   * when `updates` is not an array, or when it has more than `limits.batchSize` elements.
   * @example
   * ```ts
   * const results = await db.agents.updateMany([
   *   { id: agentId, version: '1.1.0' },
   *   { id: 'planner', description: null },
   * ]);
   * console.log(results.filter((result) => result.ok && result.changed).length, 'agents were changed');
   * ```
   */
  updateMany(updates: readonly AgentUpdate[], options?: UpdateManyOptions): Promise<UpdateResult[]>;

  /**
   * Deletes many agents with everything that belongs to them, in one transaction.
   *
   * @returns for each id, in input order, true when an agent was deleted; false when no agent has the id, or when the
   * id is a repetition.
   * @throws INVALID_INPUT when an id is invalid, when `ids` is not an array, or when it has more than
   * `limits.batchSize` elements.
   * @example
   * ```ts
   * const deleted = await db.agents.deleteMany([agentId, 'planner']);
   * console.log(deleted.filter(Boolean).length, 'agents were deleted');
   * ```
   */
  deleteMany(ids: readonly string[]): Promise<boolean[]>;

  /**
   * Registers the agents that are not stored yet, and updates the others, in one transaction. In an update:
   *
   * - An omitted field keeps the stored value.
   * - A given collection replaces the stored one. An endpoint without an id or a health gets the values of the matching
   *   stored endpoint. An endpoint with an id matches by the id; an endpoint without an id matches by protocol, address
   *   and port.
   * - An agent that already has every given value is not written: its `updatedAt` stays, and the change feed gets no
   *   entry.
   * - A given `updatedAt` is ignored.
   *
   * With `by: 'owner-name-version'`, concurrent calls never register two agents of one owner with the same name and
   * version, even in different processes.
   *
   * @returns the id of each agent, and whether it was created, updated or unchanged, in input order.
   * @throws the error of the first refused agent, as for `create` and `update`; CONFLICT when several stored agents
   * have the owner, name and version; CONFLICT when the stored agent has another id than the given one; INVALID_INPUT,
   * also when `by` is `id` and an agent has no id.
   * @example
   * ```ts
   * const results = await db.agents.upsertMany([agent], { by: 'owner-name-version' });
   * for (const { id, outcome } of results) console.log(id, outcome);
   * ```
   */
  upsertMany(agents: readonly AgentInput[], options: UpsertManyOptions): Promise<UpsertResult[]>;

  /**
   * Stores the results of many health checks in one transaction, for example those of one round of a monitor. A report
   * that is older than the stored `lastChecked` of its endpoint changes nothing. Of several reports about one endpoint,
   * stores the one with the latest `lastChecked`. Stores the last one if their times are equal.
   *
   * Does not change `updatedAt`. Adds one entry to the change feed for each agent with an endpoint whose status
   * changes. A change of only `lastChecked` or the message adds no entry. On PostgreSQL, the record caches of other
   * processes can therefore return the former `lastChecked` and message until `cache.ttlMs` has passed.
   *
   * @param reports - health of the endpoints. `lastChecked` defaults to the current time. A report without `message`
   * clears the stored message.
   * @returns for each report, in input order: true when the agent has the endpoint. The value is also true for a report
   * that is too old to be stored. An empty array for no reports.
   * @throws INVALID_INPUT when a report is invalid, when `reports` is not an array, or when it has more than
   * `limits.batchSize` elements.
   * @example
   * ```ts
   * const reports = [
   *   { agentId, endpointId: 'main', status: 'HEALTHY' },
   *   { agentId, endpointId: 'backup', status: 'UNHEALTHY', message: 'connection refused' },
   * ] as const;
   * const exist = await db.agents.recordHealth(reports);
   * ```
   */
  recordHealth(reports: readonly EndpointHealthReport[]): Promise<boolean[]>;

  /**
   * Changes the status to EXPIRED for all ACTIVE and DEPRECATED agents whose `expiresAt` has passed. Each transaction
   * changes up to 250 agents. If a transaction fails, the earlier transactions stay committed. Does not overwrite an
   * agent that is renewed or revoked at the same time. Inside `db.transaction`, the call is atomic.
   *
   * @returns the number of agents whose status was changed.
   * @example
   * ```ts
   * const count = await db.agents.expireDue();
   * console.log(`${count} agents have expired`);
   * ```
   */
  expireDue(): Promise<number>;
}
