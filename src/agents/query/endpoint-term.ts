import { join, raw, sql, type Sql } from '../../sql/sql';
import type { TermInput, TermKey } from '../../query/filter-field';
import { HealthStatus } from '../types';
import { exists, rankOf, sharedTerm } from './filter-term';

/** Endpoint to search for. The same endpoint must have the protocol and one of the results of a health check. */
export interface EndpointFilter {
  readonly protocol: string | undefined;
  readonly health: readonly HealthStatus[] | undefined;
}

/** Properties of an {@link EndpointFilter} that determine its SQL text. */
export interface EndpointKey extends Readonly<Record<string, TermKey>> {
  readonly hasProtocol: boolean;
  readonly healthCount: number;
}

/** Filter term for agents with an endpoint that matches the {@link EndpointFilter}. */
export const endpoint = sharedTerm('endpoint', {
  matchesNothing: ({ protocol, health }: EndpointFilter) => protocol === '' || health?.length === 0,
  cacheKey: ({ protocol, health }): EndpointKey => ({
    hasProtocol: protocol !== undefined,
    healthCount: health?.length ?? 0,
  }),
  condition: (input, { id }) => exists(sql`endpoints e WHERE e.agent_id = ${id} AND ${conditionOf(input)}`),
  source: (input) => {
    const endpoints = sql`FROM endpoints e WHERE ${conditionOf(input)}`;
    return {
      rank: rankOf.endpoint,
      candidates: sql`SELECT e.agent_id AS id ${endpoints}`,
      hasDuplicates: true,
      fallback: sql`SELECT DISTINCT e.agent_id AS id ${endpoints}`,
      isExact: true,
      isOwnColumn: false,
    };
  },
});

// Composes the condition on an endpoint `e`.
function conditionOf({ cacheKey: { hasProtocol, healthCount }, bind }: TermInput<EndpointFilter, EndpointKey>): Sql {
  // Without a requested health, the condition lists every health status: the only index of the endpoints begins with it.
  const isOfHealth =
    healthCount === 0
      ? sql`e.health_status IN (${everyHealth})`
      : sql`e.health_status IN (${join(Array.from({ length: healthCount }, (_, index) => bind(({ health }) => health?.[index] ?? null)))})`;
  if (!hasProtocol) return isOfHealth;
  return sql`${isOfHealth} AND e.protocol = ${bind(({ protocol }) => protocol ?? null)}`;
}

const everyHealth = raw(
  Object.values(HealthStatus)
    .map((status) => `'${status}'`)
    .join(', '),
);
