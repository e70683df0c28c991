import type { ReadOptions } from '../options/read-options';
import type { Page, PageOptions } from '../query/page';
import type { FacetRequest, FacetsOf } from './facets/types';
import type { AgentFilterQuery, ResolutionQuery } from './query/types';
import type { AgentRecord } from './types';
import type { AgentVersion, VersionsRequest } from './version-types';

/** Methods of `db.agents` that read. */
export interface AgentReader {
  /**
   * Returns an agent with its endpoints, capabilities and metadata, as one snapshot; null when the agent does not
   * exist. With the database option `cache`, the returned object is frozen, because several callers may get the same
   * object.
   *
   * @throws INVALID_INPUT when `id` is not a string, is empty or is longer than `limits.nameLength`, or when `options`
   * is invalid.
   * @example
   * ```ts
   * const agent = await db.agents.get(id);
   * if (agent === null) console.log('no such agent');
   * ```
   */
  get(id: string, options?: ReadOptions): Promise<AgentRecord | null>;

  /**
   * Returns agents by their ids, as one snapshot, in the order of `ids`; null for each agent that does not exist.
   *
   * @throws INVALID_INPUT when `ids` is not an array of strings, when one of them is empty, or when `ids` exceeds a
   * limit; RESULT_TOO_LARGE when the result is larger than `limits.answerLength`.
   * @example
   * ```ts
   * const [planner, translator] = await db.agents.getMany([plannerId, translatorId]);
   * console.log(planner?.name, translator?.name);
   * ```
   */
  getMany(ids: readonly string[], options?: ReadOptions): Promise<(AgentRecord | null)[]>;

  /**
   * Returns the agents that match all fields of a query, as one snapshot, in the requested order; an empty array when
   * none matches.
   *
   * @param query - see {@link ResolutionQuery}. Default: all agents, last updated first.
   * @throws RESULT_TOO_LARGE when more than `maxResults` agents match a query without `limit`, or when the result is
   * larger than `limits.answerLength`; INVALID_INPUT when an argument is invalid.
   * @example
   * ```ts
   * const agents = await db.agents.query({ capabilities: ['translate'], status: ['ACTIVE'], limit: 20 });
   * for (const { name, endpoints } of agents) console.log(name, endpoints);
   * ```
   */
  query(query?: ResolutionQuery, options?: ReadOptions): Promise<AgentRecord[]>;

  /**
   * Returns one page of the agents that match the query, as one snapshot, in the requested order. A page begins after
   * the last agent of the previous page, at the position that this agent had then. If other agents are registered,
   * deleted or changed between two pages, every unchanged agent is still returned exactly once.
   *
   * @param query - see {@link ResolutionQuery}; without `limit` and `offset`.
   * @returns the page. `nextCursor` is absent on the last page.
   * @throws INVALID_INPUT when an argument is invalid or `page.after` is a cursor of another query; RESULT_TOO_LARGE
   * when the page is larger than `limits.answerLength`.
   * @example
   * ```ts
   * const first = await db.agents.page({ owner }, { size: 50 });
   * const second = await db.agents.page({ owner }, { size: 50, after: first.nextCursor });
   * ```
   */
  page(query?: ResolutionQuery, page?: PageOptions, options?: ReadOptions): Promise<Page<AgentRecord>>;

  /**
   * Yields the agents that match the query, one at a time, in constant memory. Reads the agents in pages, each of which
   * is a separate snapshot. The caller can stop at any time.
   *
   * The default order is by id. In this order, an agent that matches all the time is yielded exactly once, even if
   * other fields change. In another order, an agent can be missed or yielded twice if its sort value changes during the
   * iteration.
   *
   * @param query - see {@link ResolutionQuery}; without `limit` and `offset`.
   * @throws INVALID_INPUT when an argument is invalid; during the iteration, also the errors of {@link page}.
   * @example
   * ```ts
   * for await (const agent of db.agents.iterate({ owner })) {
   *   console.log(agent.name, agent.version);
   * }
   * ```
   */
  iterate(query?: ResolutionQuery, options?: ReadOptions): AsyncGenerator<AgentRecord, void, void>;

  /**
   * Counts the agents that match the query. Ignores `limit` and `offset`.
   *
   * @throws INVALID_INPUT when an argument is invalid.
   * @example
   * ```ts
   * const active = await db.agents.count({ owner, status: ['ACTIVE'] });
   * console.log(`${active} active agents`);
   * ```
   */
  count(query?: ResolutionQuery, options?: ReadOptions): Promise<number>;

  /**
   * Counts the agents that match a query by the values of properties, for example by capability and by owner. All
   * counts are of one snapshot.
   *
   * @param query - see {@link ResolutionQuery}; without order, `limit` and `offset`. `{}` counts all agents.
   * @param requests - at most 20 requests.
   * @returns one facet for each request, in the order of the requests; an empty array without requests.
   * @throws INVALID_INPUT when an argument is invalid; RESULT_TOO_LARGE when the result is larger than
   * `limits.answerLength`.
   * @example
   * ```ts
   * const [capabilities, tiers] = await db.agents.facets({ status: ['ACTIVE'] }, [
   *   { by: 'capability', limit: 10 },
   *   { by: { metadata: 'tier' } },
   * ]);
   * for (const { key, count } of capabilities.buckets) console.log(key, count);
   * console.log(tiers.buckets, tiers.otherCount);
   * ```
   */
  facets<R extends readonly FacetRequest[]>(
    query: AgentFilterQuery,
    requests: readonly [...R],
    options?: ReadOptions,
  ): Promise<FacetsOf<R>>;

  /**
   * Returns the versions of a name, of every status, the highest first, as one snapshot; an empty array when no agent has
   * the name. Versions that are not semantic come last. Equal versions, such as those of several owners, are ordered by
   * ascending id.
   *
   * @throws INVALID_INPUT when an argument is invalid, or when the name or the owner is empty; RESULT_TOO_LARGE when more
   * than `maxResults` agents have the name, or when the result is larger than `limits.answerLength`.
   * @example
   * ```ts
   * const versions = await db.agents.versions({ name: 'translator', owner });
   * for (const { version, status, deprecation } of versions) console.log(version, status, deprecation?.reason);
   * ```
   */
  versions(request: VersionsRequest, options?: ReadOptions): Promise<AgentVersion[]>;
}
