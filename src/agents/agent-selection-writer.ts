import type { ResolutionQuery } from './query/types';
import type { AgentPatch, DeleteWhereOptions, UpdateWhereOptions } from './where-types';

/** Methods of `db.agents` that change all agents that match a query. */
export interface AgentSelectionWriter {
  /**
   * Changes all agents that match a query, each as {@link AgentWriter.update} does, in one transaction. The agents are
   * changed one after the other, in the order of their ids by code point. When one of them cannot be changed, none is, and
   * the error is that of the first one. On PostgreSQL, the query is tested again after the agents are locked, so an agent
   * that another transaction has changed meanwhile is changed only if it still matches.
   *
   * @param query - at least one field must filter; `limit`, `offset`, `orderBy` and `orderDirection` are refused.
   * @returns the number of matching agents, which were all changed.
   * @throws CONFLICT when another number of agents matches than `options.expect`; INVALID_TRANSITION when a matching
   * agent is REVOKED and would get another status, or when the new certificate is REVOKED, unless
   * `options.allowRevokedCertificate` is true; ALREADY_EXISTS when another agent holds the new name and version;
   * REFERENCE_NOT_FOUND when the certificate does not exist; INVALID_INPUT, also when the default endpoint does not
   * belong to one of the agents.
   * @example
   * ```ts
   * const count = await db.agents.updateWhere({ owner, status: ['ACTIVE'] }, { status: 'SUSPENDED' });
   * console.log(`${count} agents were suspended`);
   * ```
   */
  updateWhere(query: ResolutionQuery, patch: AgentPatch, options?: UpdateWhereOptions): Promise<number>;

  /**
   * Deletes all agents that match a query, each as {@link AgentWriter.delete} does, in one transaction, in the order of
   * their ids by code point. When one of them cannot be deleted, none is. On PostgreSQL, the query is tested again after
   * the agents are locked, so an agent that another transaction has changed meanwhile is deleted only if it still matches.
   *
   * @param query - at least one field must filter; `limit`, `offset`, `orderBy` and `orderDirection` are refused.
   * @returns the number of deleted agents.
   * @throws CONFLICT when another number of agents matches than `options.expect`; INVALID_INPUT when an argument is
   * invalid.
   * @example
   * ```ts
   * const dayMs = 24 * 60 * 60 * 1000;
   * const monthAgo = new Date(Date.now() - 30 * dayMs);
   * const count = await db.agents.deleteWhere({ status: ['EXPIRED'], expiresBefore: monthAgo });
   * console.log(`${count} agents were deleted`);
   * ```
   */
  deleteWhere(query: ResolutionQuery, options?: DeleteWhereOptions): Promise<number>;
}
