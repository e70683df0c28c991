import type { CertificateStatus } from '../../certificates/types';
import type { Metadata } from '../../metadata/types';
import type { OrderDirection } from '../../query/order-direction';
import type { AgentStatus, HealthStatus } from '../types';

/** Fields by which agents can be ordered. `orderBy` also accepts `created_at`, `updated_at` and `expires_at`. */
export const agentOrderFields = [
  'id',
  'name',
  'version',
  'owner',
  'status',
  'createdAt',
  'updatedAt',
  'expiresAt',
] as const;
export type AgentOrderField = (typeof agentOrderFields)[number];

/**
 * Filter, order and range of agents. An agent must match every given field. A field that is `undefined` does not
 * restrict the results; an empty string or an empty array matches no agent.
 *
 * @example
 * ```ts
 * const query: ResolutionQuery = {
 *   name: 'translat',
 *   capabilities: ['text', 'speech'],
 *   allCapabilities: true,
 *   version: '^2.1.0',
 *   includeExpired: false,
 *   limit: 20,
 * };
 * ```
 */
export interface ResolutionQuery {
  id?: string | undefined;
  /** Ids of the agents to find. */
  ids?: readonly string[] | undefined;
  /** Literal text that the name of the agent contains, case-insensitive. */
  name?: string | undefined;
  /** Whole name of the agent, case-sensitive. */
  exactName?: string | undefined;
  /** Whole names, case-sensitive. The agent must have one of them. */
  names?: readonly string[] | undefined;
  owner?: string | undefined;
  /** Owners. The agent must belong to one of them. */
  owners?: readonly string[] | undefined;
  /** Accepted statuses. The agent must have one of them. */
  status?: readonly AgentStatus[] | undefined;
  /** Fingerprint of the agent's certificate. Colons and case are ignored. */
  fingerprint?: string | undefined;
  /**
   * Accepted statuses of the agent's certificate. The start and the end of the certificate's validity do not matter.
   */
  certificateStatus?: readonly CertificateStatus[] | undefined;
  /** Names of capabilities. The agent must have at least one of them, or all of them when `allCapabilities` is true. */
  capabilities?: readonly string[] | undefined;
  /**
   * True when an agent must have all of `capabilities`.
   *
   * @defaultValue `false`
   */
  allCapabilities?: boolean | undefined;
  /** True to find agents with at least one endpoint, false to find agents without endpoints. */
  hasEndpoint?: boolean | undefined;
  /**
   * Protocol of an endpoint. If several of `protocol`, `address` and `health` are given, one endpoint must match all of
   * them.
   */
  protocol?: string | undefined;
  /** Whole address of an endpoint, case-sensitive. */
  address?: string | undefined;
  /** Accepted results of the last health check. At least one endpoint must have one of them. */
  health?: readonly HealthStatus[] | undefined;
  /**
   * Metadata entries that the agent must have, each with exactly the given JSON value. Other entries are allowed. The
   * order of keys in objects does not matter.
   */
  metadata?: Metadata | undefined;
  /**
   * Version, or a semver range such as `^1.2.0`. An agent matches when its version equals the text or is in the range.
   * A range can have at most 200 comparators. A text of more than 4096 characters is not a range.
   */
  version?: string | undefined;
  /** Finds agents whose `createdAt` is after this time. */
  createdAfter?: Date | undefined;
  /** Finds agents whose `createdAt` is before this time. */
  createdBefore?: Date | undefined;
  /** Finds agents whose `updatedAt` is after this time. */
  updatedAfter?: Date | undefined;
  /** Finds agents whose `updatedAt` is before this time. */
  updatedBefore?: Date | undefined;
  /** Finds agents whose `expiresAt` is before this time. */
  expiresBefore?: Date | undefined;
  /** Finds agents whose `expiresAt` is after this time. */
  expiresAfter?: Date | undefined;
  /**
   * False to omit agents that have expired: their status is EXPIRED, or their `expiresAt` has passed.
   *
   * @defaultValue `true`
   */
  includeExpired?: boolean | undefined;
  /**
   * True to find only the latest version of each owner and name: of the usable agents, the one that `resolve` prefers
   * without a version. An agent is usable when its status is ACTIVE and its registration has not expired. In addition,
   * its certificate must have the status VALID and be within its validity. A release comes before a prerelease. Then
   * the highest version, the last updated agent, and the lowest id come first.
   *
   * The other fields apply to these latest versions. They never make another version the latest one.
   *
   * @defaultValue every version
   */
  latest?: true | undefined;
  /**
   * Query whose agents are omitted. An agent is omitted when it matches all fields of this query. The query must
   * restrict the agents, and cannot have a `not` of its own. No agent is omitted if this query matches nothing, for
   * example because of an empty list.
   *
   * @example
   * ```ts
   * const query: ResolutionQuery = { capabilities: ['translate'], not: { owner: 'example.org', status: ['DEPRECATED'] } };
   * ```
   */
  not?: AgentExclusion | undefined;
  /**
   * Field by which the agents are ordered. Agents with equal values are ordered by ascending id. Versions that are not
   * semantic come last in both directions.
   *
   * @defaultValue `'updatedAt'`; `'id'` for `iterate`
   */
  orderBy?: AgentOrderField | 'created_at' | 'updated_at' | 'expires_at' | undefined;
  /**
   * Direction of the order.
   *
   * @defaultValue `'asc'` with `orderBy` and for `iterate`, `'desc'` otherwise
   */
  orderDirection?: OrderDirection | undefined;
  /**
   * Maximum number of results; 0 returns none. Without `limit`, `query` fails when more than `maxResults` agents match.
   */
  limit?: number | undefined;
  /**
   * Number of results to skip.
   *
   * @defaultValue `0`
   */
  offset?: number | undefined;
}

/** Filter of agents: the fields of a {@link ResolutionQuery} except its order and range. */
export type AgentFilterQuery = Omit<ResolutionQuery, 'orderBy' | 'orderDirection' | 'limit' | 'offset'>;

/** Query of the agents that {@link ResolutionQuery.not} omits: a filter without `not`. */
export type AgentExclusion = Omit<AgentFilterQuery, 'not'>;
