import type { Dialect } from '../../sql/dialect';
import { join, raw, sql, type Sql } from '../../sql/sql';
import { allOf } from '../../sql/statement';
import type { TermInput, TermKey } from '../../query/filter-field';
import { HealthStatus } from '../types';
import { exists, rankOf, sharedTerm } from './filter-term';

/** Endpoint that a query searches for. One endpoint of an agent must have all given properties. */
export interface EndpointFilter {
  readonly protocol?: string;
  readonly address?: string;
  /** Accepted health statuses. The endpoint must have one of them. */
  readonly health?: readonly HealthStatus[];
}

/** Properties of an {@link EndpointFilter} that determine its SQL text. */
export interface EndpointKey extends Readonly<Record<string, TermKey>> {
  readonly hasProtocol: boolean;
  readonly hasAddress: boolean;
  readonly healthCount: number;
}

/** Filter term for agents with an endpoint that matches the {@link EndpointFilter}. */
export const endpoint = sharedTerm('endpoint', {
  matchesNothing: ({ protocol, address, health }: EndpointFilter) =>
    protocol === '' || address === '' || health?.length === 0,
  cacheKey: ({ protocol, address, health }): EndpointKey => ({
    hasProtocol: protocol !== undefined,
    hasAddress: address !== undefined,
    healthCount: health?.length ?? 0,
  }),
  condition: (input, { id }) => exists(sql`endpoints e WHERE e.agent_id = ${id} AND ${conditionOf(input)}`),
  source: (input, { dialect }) => {
    const { hasAddress } = input.cacheKey;
    const isFound = hasAddress
      ? sql`${isAtAddress(input, dialect)} AND ${conditionOf(input, dialect)}`
      : conditionOf(input);
    const endpoints = sql`FROM endpoints e WHERE ${isFound}`;
    return {
      rank: hasAddress ? rankOf.address : rankOf.endpoint,
      candidates: sql`SELECT e.agent_id AS id ${endpoints}`,
      hasDuplicates: true,
      fallback: sql`SELECT DISTINCT e.agent_id AS id ${endpoints}`,
      isExact: true,
      isOwnColumn: false,
    };
  },
});

type EndpointInput = TermInput<EndpointFilter, EndpointKey>;

// Composes the condition with which the database finds endpoints `e` by the index on their address.
function isAtAddress({ bind }: EndpointInput, dialect: Dialect): Sql {
  return dialect.equalsLongText(
    sql`e.address`,
    bind(({ address }) => address ?? null),
  );
}

// Composes the condition on an endpoint `e`. With `unindexedBy`, prevents the use of an index on the protocol or the
// health.
function conditionOf(
  { cacheKey: { hasProtocol, hasAddress, healthCount }, bind }: EndpointInput,
  unindexedBy?: Dialect,
): Sql {
  const column = (name: Sql): Sql => unindexedBy?.unindexed(name) ?? name;
  const conditions: Sql[] = [];
  if (healthCount > 0) {
    const elements = Array.from({ length: healthCount }, (_, index) => bind(({ health }) => health?.[index] ?? null));
    conditions.push(sql`${column(sql`e.health_status`)} IN (${join(elements)})`);
  } else if (!hasAddress) {
    // Lists every health status if no health is requested, because the index on the protocol begins with the health
    // status.
    conditions.push(sql`e.health_status IN (${everyHealth})`);
  }
  if (hasProtocol) conditions.push(sql`${column(sql`e.protocol`)} = ${bind(({ protocol }) => protocol ?? null)}`);
  if (hasAddress) conditions.push(sql`e.address = ${bind(({ address }) => address ?? null)}`);
  return allOf(conditions);
}

const everyHealth = raw(
  Object.values(HealthStatus)
    .map((status) => `'${status}'`)
    .join(', '),
);
