import type { FilterKey } from '../../query/filter-terms';
import { defineCachedStatement } from '../../sql/cached-statement';
import type { Dialect } from '../../sql/dialect';
import { memoizeByDialect } from '../../sql/memoize-by-dialect';
import { join, raw, sql, type Sql } from '../../sql/sql';
import { withCost, type Statement } from '../../sql/statement';
import { withTables } from '../query/composition';
import { agentFilterTerms, type AgentFilter } from '../query/filter-fields';
import { composeMatching } from '../query/matching';
import type { FacetKind, ParsedFacet } from './validation';

/** Requested facets of the agents that match a filter. */
interface FacetSelection {
  readonly filter: AgentFilter;
  readonly facets: readonly ParsedFacet[];
  /** Current time, in milliseconds since 1970. */
  readonly nowMs: number;
}

/** Everything that the SQL text of facets depends on. */
interface FacetsKey {
  readonly filter: FilterKey;
  readonly kinds: readonly FacetKind[];
}

/**
 * Builds the single statement that counts all facets. Its rows are the index of the facet, a value of the property, the
 * number of agents with this value, and the sum of these numbers over all values. They are in the order of the facets and
 * of the buckets.
 */
export function buildFacets(dialect: Dialect, selection: FacetSelection): Statement {
  return withCost('scan', facetStatements(dialect)(selection));
}

const facetStatements = memoizeByDialect((dialect) =>
  defineCachedStatement<FacetSelection, FacetsKey>(
    ({ filter, facets }) => ({ filter: agentFilterTerms.cacheKeyOf(filter), kinds: facets.map(({ kind }) => kind) }),
    ({ filter, kinds }, bind) => {
      const isFiltered = Object.keys(filter).length > 0;
      const nowMs = bind((selection) => selection.nowMs);
      const matching = composeMatching(dialect, agentFilterTerms.toSql(filter, bind), nowMs);
      const facets = kinds.map((kind, index) => {
        const key = bind((selection) => selection.facets[index]?.metadataKey ?? null);
        const limit = bind((selection) => selection.facets[index]?.limit ?? null);
        return bucketsOf(index, groupsOf(dialect, kind, isFiltered, key), limit);
      });
      const tables = isFiltered ? [...matching.tables, matchingTable(kinds, matching.select)] : [];
      return sql`${withTables(tables)}SELECT facet, label, uses, total FROM (${join(facets, ' UNION ALL ')}) AS facets
        ORDER BY facet, uses DESC, label`;
    },
  ),
);

// The table of the matching agents is computed once for all facets. A single facet needs no copy of them.
function matchingTable(kinds: readonly FacetKind[], select: (columns: Sql) => Sql[]): Sql {
  const columns = [sql`a.id`, ...kinds.flatMap((kind) => ownColumns[kind] ?? [])];
  const copy = raw(kinds.length > 1 ? 'MATERIALIZED' : 'NOT MATERIALIZED');
  return sql`matching AS ${copy} (${join(select(join([...new Set(columns)])), ' UNION ALL ')})`;
}

const ownColumns: Readonly<Partial<Record<FacetKind, Sql>>> = { owner: sql`a.owner`, status: sql`a.status` };

// LIMIT needs no condition on the smallest count: the buckets with the highest counts come first.
function bucketsOf(index: number, groups: Sql, limit: Sql): Sql {
  const facet = raw(String(index));
  return sql`SELECT * FROM (SELECT ${facet} AS facet, label, uses, sum(uses) OVER () AS total
    FROM (${groups}) AS groups_${facet} ORDER BY uses DESC, label LIMIT CAST(${limit} AS BIGINT)) AS facet_${facet}`;
}

/** Composes the query of the values of a property with their numbers of agents. */
function groupsOf(dialect: Dialect, kind: FacetKind, isFiltered: boolean, key: Sql): Sql {
  // Without a filter, the tables of the collections alone contain all agents.
  const from = (table: string, alias: string): Sql => {
    const [name, shortName] = [raw(table), raw(alias)];
    if (!isFiltered) return sql`${name} ${shortName} WHERE TRUE`;
    return sql`matching m CROSS JOIN ${name} ${shortName} WHERE ${shortName}.agent_id = m.id`;
  };
  const agents = isFiltered ? sql`matching a` : sql`agents a`;
  switch (kind) {
    case 'owner':
      return sql`SELECT a.owner AS label, count(*) AS uses FROM ${agents} GROUP BY a.owner`;
    case 'status':
      return sql`SELECT ${dialect.textOfChoice(sql`a.status`)} AS label, count(*) AS uses FROM ${agents} GROUP BY a.status`;
    case 'capability':
      return sql`SELECT c.name AS label, u.uses FROM (SELECT ac.capability_id, count(*) AS uses
        FROM ${from('agent_capabilities', 'ac')} GROUP BY ac.capability_id) AS u JOIN capabilities c ON c.id = u.capability_id`;
    case 'protocol':
      return agentsPer(sql`e.protocol`, from('endpoints', 'e'));
    case 'health':
      return agentsPer(dialect.textOfChoice(sql`e.health_status`), from('endpoints', 'e'));
    case 'metadata':
      return sql`SELECT am.value AS label, count(*) AS uses FROM ${from('agent_metadata', 'am')} AND am.key = ${key}
        GROUP BY am.value`;
  }
}

// Several endpoints of an agent may have the same value.
function agentsPer(label: Sql, from: Sql): Sql {
  return sql`SELECT label, count(*) AS uses FROM (SELECT DISTINCT ${label} AS label, e.agent_id FROM ${from}) AS pairs
    GROUP BY label`;
}
