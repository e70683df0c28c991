import type { ResolutionQuery } from './query/types';
import type { AgentPatch, DeleteWhereOptions, UpdateWhereOptions } from './where-types';

/** Methods of `db.agents` that change all agents that match a query. */
export interface AgentSelectionWriter {
  /**
   * Changes all agents that match a query in one transaction. Each agent is changed as by {@link AgentWriter.update},
   * in the order of the ids by code point. If an agent cannot be changed, the call changes nothing, and throws the
   * error of the first such agent. On PostgreSQL, agents are locked and then tested again: an agent that no longer
   * matches stays unchanged.
   *
   * @param query - at least one field must filter; `limit`, `offset`, `orderBy` and `orderDirection` are refused.
   * @returns the number of matching agents, which were all changed.
   * @throws CONFLICT when another number of agents matches than `options.expect`; INVALID_TRANSITION when a matching
   * agent is REVOKED and would get another status; INVALID_TRANSITION when the new certificate is REVOKED, unless
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
   * Deletes all agents that match a query in one transaction. Each agent is deleted as by {@link AgentWriter.delete},
   * in the order of the ids by code point. If an agent cannot be deleted, the call deletes nothing. On PostgreSQL,
   * agents are locked and then tested again: an agent that no longer matches is not deleted.
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
