import type { Metadata } from '../../metadata/types';
import type { OrderDirection } from '../../query/order-direction';
import type { AgentStatus, HealthStatus } from '../types';

/** Fields that agents can be ordered by. The column names `created_at`, `updated_at` and `expires_at` are accepted too. */
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
 * Filter, order and range of agents. An agent must match every given field. `undefined` filters nothing; an empty string
 * or an empty array matches no agent.
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
  /** Any of these ids. */
  ids?: readonly string[] | undefined;
  /** A literal part of the name, in any case. */
  name?: string | undefined;
  /** The whole name, case-sensitive. */
  exactName?: string | undefined;
  owner?: string | undefined;
  /** Any of these. */
  status?: readonly AgentStatus[] | undefined;
  /** The fingerprint of the agent's certificate. Colons and case are ignored. */
  fingerprint?: string | undefined;
  /** Any of these, or all of them when `allCapabilities` is true. */
  capabilities?: readonly string[] | undefined;
  /**
   * True when an agent must have all of `capabilities`.
   *
   * @defaultValue `false`
   */
  allCapabilities?: boolean | undefined;
  /** An endpoint has this protocol; with `health`, one and the same endpoint matches both. */
  protocol?: string | undefined;
  /** An endpoint has any of these results of its last health check. */
  health?: readonly HealthStatus[] | undefined;
  /** Every given key has exactly this JSON value. The order of the keys of objects does not matter. */
  metadata?: Metadata | undefined;
  /**
   * The same text, or any version in the range when the text is a semver range such as `^1.2.0`, of at most 4096
   * characters and 200 comparators.
   */
  version?: string | undefined;
  /** `expiresAt` is before this time. */
  expiresBefore?: Date | undefined;
  /** `expiresAt` is after this time. */
  expiresAfter?: Date | undefined;
  /**
   * False to omit agents whose status is EXPIRED or whose `expiresAt` is not in the future.
   *
   * @defaultValue `true`
   */
  includeExpired?: boolean | undefined;
  /**
   * Field that the agents are ordered by. Ties are broken by ascending id. Versions that are not semantic come last in
   * both directions.
   *
   * @defaultValue `'updatedAt'`
   */
  orderBy?: AgentOrderField | 'created_at' | 'updated_at' | 'expires_at' | undefined;
  /**
   * Direction of the order.
   *
   * @defaultValue `'asc'` with `orderBy`, `'desc'` without it
   */
  orderDirection?: OrderDirection | undefined;
  /** Maximum number of results; 0 returns none. Without it, more than `maxResults` matches are an error. */
  limit?: number | undefined;
  /**
   * Number of results to skip.
   *
   * @defaultValue `0`
   */
  offset?: number | undefined;
}
