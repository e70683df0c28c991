import type { AgentInput, CreateManyOptions, CreateResult } from './types';

/** Methods of `db.agents` that change many agents. They add entries to the change feed for the agents they change. */
export interface AgentBatchWriter {
  /**
   * Registers many agents, in batches of up to 500. With `onError: 'abort'`, the default, the call is atomic. With
   * `'collect'`, a refused agent does not prevent the registration of the others, and each batch is atomic.
   *
   * @returns the result of each agent, in input order; an empty array for no agents.
   * @throws with `'abort'`, the error of the first refused agent, as for {@link create}; INVALID_INPUT for wrong
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
   * Changes the status to EXPIRED for all ACTIVE and DEPRECATED agents whose `expiresAt` has passed. Each transaction
   * changes up to 250 agents; if a transaction fails, the earlier ones stay committed. Does not overwrite an agent that
   * is renewed or revoked at the same time. Inside `db.transaction`, the call is atomic.
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
