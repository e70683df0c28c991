import type { Dialect } from '../../sql/dialect';
import { raw, sql, type Sql } from '../../sql/sql';
import { inJsonArray } from '../../sql/statement';
import {
  exists,
  maxScanned,
  rankOf,
  selectiveLimit,
  sharedTerm,
  type AgentContext,
  type AgentSource,
} from './filter-term';

/** Capabilities that a query searches for. */
export interface CapabilityFilter {
  /** Names of the capabilities, without duplicates. */
  readonly names: readonly string[];
  /** True when an agent must have all of the capabilities. */
  readonly areAllRequired: boolean;
}

/** Name of the table expression with the ids of the capabilities to search for. */
const tableName = 'wanted';
const wanted = raw(tableName);

/** Context of the SQL about the links between one agent and its capabilities. */
interface LinkContext extends Pick<AgentContext, 'dialect' | 'id'> {
  /** Name of the table expression with the ids of the capabilities to search for. Default: `wanted`. */
  readonly table?: Sql;
}

/** Filter term for agents that have at least one of the given capabilities, or all of them. */
export const capabilities = sharedTerm('capabilities', {
  matchesNothing: ({ names }: CapabilityFilter) => names.length === 0,
  cacheKey: ({ areAllRequired }) => (areAllRequired ? 'all' : 'any'),
  table: ({ bind }, { dialect, table }) =>
    wantedTable(
      dialect,
      bind((filter) => JSON.stringify(filter.names)),
      table(tableName),
    ),
  condition: ({ cacheKey, bind }, { dialect, id, table }) => {
    const context = { dialect, id, table: table(tableName) };
    if (cacheKey === 'any') return exists(linksOf(context));
    return hasAllWanted(
      context,
      bind(({ names }) => names.length),
    );
  },
  source: ({ cacheKey, bind }) => (cacheKey === 'any' ? sourceOfAny() : sourceOfAll(bind(({ names }) => names.length))),
});

/**
 * Returns a capability filter with the given names. Keeps `areAllRequired` of `given`, which another field of the query
 * has set.
 */
export function withNames(names: readonly string[], given: CapabilityFilter | undefined): CapabilityFilter {
  return { names: [...new Set(names)], areAllRequired: given?.areAllRequired ?? false };
}

/**
 * Returns the capability filter `given` with a new `areAllRequired`. Returns undefined when no field has set names,
 * because the field does not restrict the results then.
 */
export function withAllRequired(
  areAllRequired: boolean,
  given: CapabilityFilter | undefined,
): CapabilityFilter | undefined {
  return given === undefined ? undefined : { names: given.names, areAllRequired };
}

/**
 * Composes the table expression `table` with the ids of the capabilities in `names`, a JSON array without duplicates.
 */
export function wantedTable(dialect: Dialect, names: Sql, table = wanted): Sql {
  return sql`${table} AS MATERIALIZED (
      SELECT c.id FROM capabilities c WHERE ${inJsonArray(dialect, sql`c.name`, names)})`;
}

/**
 * Composes the condition that an agent has all capabilities of {@link wantedTable}.
 *
 * @param count - number of the capabilities to search for.
 */
export function hasAllWanted(context: LinkContext, count: Sql): Sql {
  return sql`${count} = (SELECT count(*) FROM ${linksOf(context)})`;
}

// Composes the FROM and WHERE clauses for the links of one agent to the capabilities to search for.
function linksOf({ dialect, id, table = wanted }: LinkContext): Sql {
  const isSearched = dialect.inSubquery(sql`ac.capability_id`, sql`SELECT w.id FROM ${table} w`);
  return sql`agent_capabilities ac WHERE ac.agent_id = ${id} AND ${isSearched}`;
}

function sourceOfAny(): AgentSource {
  const links = sql`FROM ${wanted} w CROSS JOIN agent_capabilities ac WHERE ac.capability_id = w.id`;
  return {
    rank: rankOf.anyCapability,
    candidates: sql`SELECT ac.agent_id AS id ${links}`,
    hasDuplicates: true,
    fallback: sql`SELECT DISTINCT ac.agent_id AS id ${links}`,
    isExact: true,
    isOwnColumn: false,
  };
}

/**
 * Higher limits for counting the agents of each capability. A query uses them in turn when every capability has more
 * agents than the selective limit.
 */
const [fewAgents, manyAgents] = [5000, 40_000].map((limit) => raw(String(limit))) as [Sql, Sql];

/**
 * Maximum number of agents to read in the requested order if the rarest capability has at most {@link fewAgents}
 * agents.
 */
const shortScan = raw('300');

// Returns a source with the agents of the rarest capability. To find this capability, the query counts the agents of
// each capability, up to a limit. If every count exceeds the limit, the query counts again, up to a higher limit. So it
// does not count all agents of a popular capability if another capability is much rarer.
function sourceOfAll(nameCount: Sql): AgentSource {
  // Finds no candidates if one of the capabilities is not stored, because no agent can have such a capability.
  const areAllKnown = sql`(SELECT count(*) FROM ${wanted}) = ${nameCount}`;
  const rarest = (end: Sql): Sql => sql`SELECT w.id, (
      SELECT count(*) FROM (SELECT 1 FROM agent_capabilities u WHERE u.capability_id = w.id ${end}) AS u) AS uses
    FROM ${wanted} w WHERE ${areAllKnown} ORDER BY uses, w.id LIMIT 1`;
  const agentsOf = (capability: Sql): Sql =>
    sql`SELECT r.agent_id AS id FROM agent_capabilities r WHERE r.capability_id = (${capability})`;
  const isFew = sql`coalesce((SELECT uses FROM rarest), 0) <= ${selectiveLimit}`;
  const isAtMostFew = sql`(SELECT uses FROM rarest_few) <= ${fewAgents}`;
  return {
    rank: rankOf.allCapabilities,
    table: sql`rarest AS MATERIALIZED (${rarest(sql`LIMIT ${selectiveLimit} + 1`)}),
      rarest_few AS MATERIALIZED (${rarest(sql`LIMIT CASE WHEN ${isFew} THEN 0 ELSE ${fewAgents} + 1 END`)}),
      rarest_many AS MATERIALIZED (${rarest(sql`LIMIT ${manyAgents} + 1`)})`,
    candidates: agentsOf(sql`SELECT id FROM rarest`),
    hasDuplicates: false,
    fallback: agentsOf(sql`SELECT CASE WHEN ${isAtMostFew} THEN (SELECT id FROM rarest_few)
      WHEN (SELECT uses FROM rarest_many) <= ${manyAgents} THEN (SELECT id FROM rarest_many)
      ELSE (SELECT id FROM (${rarest(sql``)}) AS rarest_of_all) END`),
    isFew,
    maxScanned: sql`CASE WHEN ${isAtMostFew} THEN ${shortScan} ELSE ${maxScanned} END`,
    isExact: false,
    isOwnColumn: false,
  };
}
