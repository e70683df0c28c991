import { invalidInput } from '../../errors/failure';
import { checkLimitOffset, limitOffsetFields, type LimitOffset } from '../../query/limit-offset';
import { orderFields, parseOrder } from '../../query/order';
import { checkObject, checkOneOf } from '../../validation/checks';
import type { Validator } from '../../validation/validator';
import { agentOrderFields, type AgentOrderField } from './types';
import { agentFilterTerms, type AgentFilter } from './filter-fields';
import type { AgentOrder } from './order';

/** Validated query of agents. `filter` is null when no agent can match. */
export interface Resolution {
  readonly filter: AgentFilter | null;
  readonly order: AgentOrder;
  readonly limitOffset: LimitOffset;
}

const queryFields = new Set([...agentFilterTerms.fields, ...orderFields, ...limitOffsetFields]);

/** Given fields of a query, before their values are checked. */
type QueryFields = ReturnType<typeof checkObject<typeof queryFields extends Set<infer F extends string> ? F : never>>;

const columnNames: ReadonlyMap<unknown, AgentOrderField> = new Map([
  ['created_at', 'createdAt'],
  ['updated_at', 'updatedAt'],
  ['expires_at', 'expiresAt'],
]);

/** Default order of a query: the last updated agents first. */
const latestFirst: AgentOrder = { field: 'updatedAt', direction: 'desc' };

/** Order by id, in which an agent keeps its position when the agent changes. */
export const byId: AgentOrder = { field: 'id', direction: 'asc' };

/**
 * Parses a query of agents. Checks all fields, even if one of them already excludes every agent.
 *
 * @param defaultOrder - order of a query without `orderBy`.
 * @throws INVALID_INPUT when a field is unknown or invalid
 */
export function parseResolutionQuery(input: unknown, checks: Validator, defaultOrder = latestFirst): Resolution {
  const query = withScopeOwner(checkObject(input, 'query', queryFields), checks);
  return {
    filter: agentFilterTerms.parse(query, checks),
    order: parseOrder(query, checkOrderField, defaultOrder),
    limitOffset: checkLimitOffset(query),
  };
}

/**
 * Parses a query of agents that must not have an order or a range.
 *
 * @returns the filter of the query; null when no agent can match.
 * @throws INVALID_INPUT when a field is unknown or invalid, or belongs to the order or the range
 */
export function parseFilterQuery(input: unknown, checks: Validator): AgentFilter | null {
  return agentFilterTerms.parse(withScopeOwner(checkFilterQuery(input), checks), checks);
}

function checkFilterQuery(input: unknown): QueryFields {
  const query = checkObject(input, 'query', queryFields);
  for (const field of [...orderFields, ...limitOffsetFields]) {
    if (query[field] !== undefined)
      throw invalidInput(field, 'must not be given: the call concerns all agents that match');
  }
  return query;
}

/**
 * Returns the query, restricted to the owner of the scope if the call has an owner scope.
 *
 * @throws INVALID_INPUT when the query has another owner
 */
function withScopeOwner(query: QueryFields, checks: Validator): QueryFields {
  return checks.scopeOwner === undefined ? query : { ...query, owner: checks.owner(query.owner, 'owner') };
}

/**
 * Parses the query of a call that changes all matching agents. Refuses a query with an order or a range. Also refuses
 * an empty query, which is more often a mistake than the wish to change every agent.
 */
export function parseSelection(input: unknown, checks: Validator): AgentFilter | null {
  const query = checkFilterQuery(input);
  // Ignores the owner of the scope, which is added later: a query with no other field is empty.
  const filter = agentFilterTerms.parse(query, checks);
  if (filter !== null && Object.keys(filter).length === 0) {
    throw invalidInput('query', 'must have a field that filters, because the call changes all matching agents');
  }
  return checks.scopeOwner === undefined ? filter : agentFilterTerms.parse(withScopeOwner(query, checks), checks);
}

function checkOrderField(value: unknown, path: string): AgentOrderField {
  return columnNames.get(value) ?? checkOneOf(value, agentOrderFields, path);
}
