import { checkResultSize, rowLimit } from '../query/limit-offset';
import { refuseLimitOffset, toPage, type Page, type PageRequest } from '../query/page';
import type { ServiceSettings } from '../options/service-settings';
import { mapYielding } from '../runtime/event-loop';
import { costOfRecords, withBounds, withCost } from '../sql/statement';
import type { Executor } from '../storage/executor';
import { answerBounds } from '../validation/limits';
import type { Validator } from '../validation/validator';
import { buildAgentCount, buildAgentQuery } from './query/builder';
import { AgentCursors } from './query/cursor';
import type { AgentFilter } from './query/filter-fields';
import type { Resolution } from './query/validation';
import { withOwnSuccessors } from './own-successors';
import { toAgentRecord } from './rows';
import { agentStatements } from './statements';
import type { AgentRecord } from './types';

/*
 * Functions that read agents. One statement reads all agents of a result, so the result is one snapshot. In an owner
 * scope, a second statement reads the owners of the successors.
 */

/** Returns an agent; null when the agent does not exist. */
export async function getAgent(executor: Executor, id: string): Promise<AgentRecord | null> {
  const [row] = await executor.query(agentStatements(executor.dialect).select({ id }));
  return row === undefined ? null : toAgentRecord(row);
}

/**
 * Returns the agents with the given ids, in the order of `ids`. The result contains null for an agent that does not
 * exist, or that does not belong to `scopeOwner`.
 */
export async function getAgents(
  executor: Executor,
  ids: readonly string[],
  { limits, scopeOwner }: Validator,
): Promise<(AgentRecord | null)[]> {
  const select = agentStatements(executor.dialect).selectMany({ ids: JSON.stringify([...new Set(ids)]) }, scopeOwner);
  const statement = withCost(costOfRecords(ids.length), select);
  const rows = await executor.query(withBounds(answerBounds(limits), statement));
  const found = new Map(rows.map((row) => [row[0], row]));
  const records = await mapYielding(ids, (id) => {
    const row = found.get(id);
    return row === undefined ? null : toAgentRecord(row);
  });
  return withOwnSuccessors(executor, records, scopeOwner);
}

/**
 * Returns the agents that match a query, in the requested order.
 *
 * @throws RESULT_TOO_LARGE when a query without a limit matches more than `maxResults` agents
 */
export async function queryAgents(
  executor: Executor,
  { filter, order, limitOffset }: Resolution,
  { now, maxResults, checks }: ServiceSettings,
): Promise<AgentRecord[]> {
  if (filter === null || limitOffset.limit === 0) return [];
  const limit = rowLimit(limitOffset, maxResults);
  const selection = { filter, order, limit, offset: limitOffset.offset ?? 0, nowMs: now() };
  const statement = buildAgentQuery(executor.dialect, selection);
  const rows = await executor.query(withBounds(answerBounds(checks.limits), statement));
  checkResultSize(limitOffset, rows, maxResults);
  return withOwnSuccessors(executor, await mapYielding(rows, toAgentRecord), checks.scopeOwner);
}

/**
 * Returns a page of the agents that match a query.
 *
 * @throws INVALID_INPUT when the query has a limit or an offset, or when the cursor belongs to another query
 */
export async function queryAgentPage(
  executor: Executor,
  { filter, order, limitOffset }: Resolution,
  { after, size, bounds }: PageRequest,
  { now, checks }: ServiceSettings,
): Promise<Page<AgentRecord>> {
  refuseLimitOffset(limitOffset);
  const cursors = new AgentCursors(filter, order);
  const position = after === undefined ? undefined : cursors.decode(after);
  if (filter === null) return { items: [] };
  // Requests one agent more than the page has. This additional agent shows that there is a next page.
  const selection = { filter, order, after: position, limit: size + 1, offset: 0, nowMs: now() };
  const rows = await executor.query(withBounds(bounds, buildAgentQuery(executor.dialect, selection)));
  const agents = await withOwnSuccessors(executor, await mapYielding(rows, toAgentRecord), checks.scopeOwner);
  return toPage(agents, size, (agent) => cursors.encode(agent));
}

/** Returns the number of agents that match a filter; 0 when `filter` is null. */
export async function countAgents(
  executor: Executor,
  filter: AgentFilter | null,
  { now }: ServiceSettings,
): Promise<number> {
  if (filter === null) return 0;
  const [row] = await executor.query(buildAgentCount(executor.dialect, filter, now()));
  return Number(row?.[0]);
}
