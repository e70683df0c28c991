import type { Metadata } from '../../metadata/types';
import type { OrderDirection } from '../../query/order-direction';
import type { AgentStatus, HealthStatus } from '../types';

/** Fields that agents can be ordered by. `orderBy` also accepts `created_at`, `updated_at` and `expires_at`. */
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
 * Filter, order and range of agents. An agent must match every given field. `undefined` filters nothing; an empty
 * string or an empty array matches no agent.
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
  /** Literal text that the name contains, case-insensitive. */
  name?: string | undefined;
  /** Whole name, case-sensitive. */
  exactName?: string | undefined;
  owner?: string | undefined;
  /** Accepted statuses: the agent has one of them. */
  status?: readonly AgentStatus[] | undefined;
  /** Fingerprint of the agent's certificate. Colons and case are ignored. */
  fingerprint?: string | undefined;
  /** Names of capabilities. The agent has at least one of them, or all of them when `allCapabilities` is true. */
  capabilities?: readonly string[] | undefined;
  /**
   * True when an agent must have all of `capabilities`.
   *
   * @defaultValue `false`
   */
  allCapabilities?: boolean | undefined;
  /** Protocol that at least one endpoint has. With `health`, the same endpoint must match both fields. */
  protocol?: string | undefined;
  /** Accepted results: the last health check of at least one endpoint had one of them. */
  health?: readonly HealthStatus[] | undefined;
  /**
   * Metadata entries that the agent must have, each with exactly the given JSON value. The agent can have other
   * entries. The order of the keys of objects does not matter.
   */
  metadata?: Metadata | undefined;
  /**
   * Version, or a semver range such as `^1.2.0`. An agent matches when its version equals the text or is in the range.
   * A range can have at most 200 comparators. A text of more than 4096 characters is not read as a range.
   */
  version?: string | undefined;
  /** Finds agents whose `expiresAt` is before this time. */
  expiresBefore?: Date | undefined;
  /** Finds agents whose `expiresAt` is after this time. */
  expiresAfter?: Date | undefined;
  /**
   * False to omit agents whose status is EXPIRED or whose `expiresAt` is not in the future.
   *
   * @defaultValue `true`
   */
  includeExpired?: boolean | undefined;
  /**
   * True to find only the latest version of each owner and name: of the usable agents, the one that `resolve` prefers
   * without a version. An agent is usable when its status is ACTIVE, its registration has not expired, and its certificate
   * has the status VALID and is within its validity. A release comes before a prerelease; then the highest version, the
   * last updated agent, and the lowest id come first. The other fields apply to the latest versions: they never make
   * another version the latest one.
   *
   * @defaultValue every version
   */
  latest?: true | undefined;
  /**
   * Field that the agents are ordered by. Agents with equal values are ordered by ascending id. Versions that are not
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
