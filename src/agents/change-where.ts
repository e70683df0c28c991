import { Failure } from '../errors/failure';
import { batchSize } from '../runtime/batches';
import { sortByCodePoint } from '../sql/code-point-order';
import type { Transaction } from '../storage/transaction';
import type { Validator } from '../validation/validator';
import { deleteAgents } from './delete-many';
import { lockInOrder } from './load-many-for-update';
import type { AgentChange } from './new-row';
import { buildAgentIds } from './query/builder';
import type { AgentFilter } from './query/filter-fields';
import { changeAgents } from './update-many';
import { checkPatch, parseAgentUpdate } from './validation';
import type { WhereRules } from './where-options';

/** Agents that `updateWhere` or `deleteWhere` changes. `filter` is null when no agent can match. */
export interface Selection {
  readonly filter: AgentFilter | null;
  readonly nowMs: number;
  /** Owner to whom the call is limited: only agents of this owner match. Undefined for agents of all owners. */
  readonly scopeOwner: string | undefined;
}

/**
 * Changes all agents that match, in the order of their ids. Returns the number of changed agents.
 *
 * @throws CONFLICT when the number of matching agents is not `expect`; the failure of the first agent that cannot be
 * changed
 */
export async function updateWhere(
  tx: Transaction,
  selection: Selection,
  changeOf: (id: string) => AgentChange,
  rules: WhereRules,
): Promise<number> {
  const ids = await lockMatching(tx, selection, rules);
  for (let start = 0; start < ids.length; start += batchSize) {
    const changes = ids.slice(start, start + batchSize).map(changeOf);
    for (const outcome of await changeAgents(tx, changes, rules)) {
      if ('failure' in outcome) throw outcome.failure;
    }
  }
  return ids.length;
}

/**
 * Deletes all agents that match. Returns the number of deleted agents.
 *
 * @throws CONFLICT when the number of matching agents is not `expect`
 */
export async function deleteWhere(tx: Transaction, selection: Selection, rules: WhereRules): Promise<number> {
  const ids = await lockMatching(tx, selection, rules);
  await deleteAgents(tx, ids, selection.nowMs, selection.scopeOwner);
  return ids.length;
}

/**
 * Returns a function that takes the id of an agent, and returns the validated change of this agent.
 *
 * @throws INVALID_INPUT when `patch` is invalid
 */
export function parsePatch(patch: unknown, nowMs: number, checks: Validator): (id: string) => AgentChange {
  const fields = checkPatch(patch);
  const parse = (id: string): AgentChange => parseAgentUpdate({ ...fields, id }, nowMs, checks);
  const change = parse('any');
  // Parses the patch once for each agent if it has endpoints: an endpoint without an id then gets a different id for
  // each agent.
  return change.collections.endpoints === undefined ? (id) => ({ ...change, id }) : parse;
}

/**
 * Returns the ids of the agents that match, ordered by code point. Blocks changes of these agents until the end of the
 * transaction.
 *
 * While PostgreSQL waits for a lock, another transaction may change an agent so that it does not match any more.
 * Therefore the query is repeated after all agents are locked. The result contains only agents that both queries have
 * found.
 */
async function lockMatching(
  tx: Transaction,
  { filter, nowMs, scopeOwner }: Selection,
  { expect }: WhereRules,
): Promise<string[]> {
  const select = async (): Promise<string[]> => {
    if (filter === null) return [];
    return (await tx.query(buildAgentIds(tx.dialect, filter, nowMs))).map(([id]) => String(id));
  };
  const found = sortByCodePoint(await select());
  const mustRepeat = tx.dialect.usesRowLocks && found.length > 0;
  if (mustRepeat) await lockInOrder(tx, found, scopeOwner);
  const matching = mustRepeat ? new Set(await select()) : undefined;
  const ids = matching === undefined ? found : found.filter((id) => matching.has(id));
  if (expect !== undefined && ids.length !== expect) throw otherNumber();
  return ids;
}

function otherNumber(): Failure {
  return new Failure('CONFLICT', 'the number of matching agents is not options.expect', {
    entity: 'agent',
    field: 'options.expect',
    retryable: false,
  });
}
