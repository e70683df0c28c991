import { failuresAt, invalidInput } from '../../errors/failure';
import type { FilterFields, FilterOf } from '../../query/filter-field';
import type { FilterTerms } from '../../query/filter-terms';
import { join, raw, sql } from '../../sql/sql';
import { allOf } from '../../sql/statement';
import { checkObject } from '../../validation/checks';
import { field, type AgentContext, type AgentSource } from './filter-term';

/**
 * Defines the field `not` of a query, which omits the agents that match another query.
 *
 * @param terms - terms of the other query, in which `not` is not allowed.
 */
export function excludedBy<T extends FilterFields<string, AgentContext, AgentSource>>(
  terms: FilterTerms<T, AgentContext, AgentSource>,
) {
  const allowed = new Set(terms.fields);
  return field({
    // Returns undefined if the other query matches nothing, because the field then excludes no agent.
    parse: (value, path, checks): FilterOf<T> | undefined => {
      const query = checkObject(value, path, allowed);
      const filter = failuresAt(path, () => terms.parse(query, checks));
      if (filter === null) return undefined;
      if (Object.keys(filter).length === 0) throw invalidInput(path, 'must have a field that filters');
      return filter;
    },
    cacheKey: (filter) => terms.cacheKeyOf(filter),
    table: ({ cacheKey, bind }, context) => {
      const tables = terms.toSql(cacheKey, (read) => bind((filter) => read({ filter }))).tables(excludedFrom(context));
      return tables.length === 0 ? undefined : join(tables);
    },
    condition: ({ cacheKey, bind }, context) => {
      const excluded = terms.toSql(cacheKey, (read) => bind((filter) => read({ filter })));
      // Uses `IS NOT TRUE` to keep an agent for which the condition is null, for example when no certificate has the
      // fingerprint. NOT would exclude the agent.
      return sql`(${allOf(excluded.conditions(excludedFrom(context)))}) IS NOT TRUE`;
    },
  });
}

// Renames the table expressions of the excluded query, because the statement may contain those of both queries.
function excludedFrom(context: AgentContext): AgentContext {
  return { ...context, table: (name) => raw(`excluded_${name}`) };
}
