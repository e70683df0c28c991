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

/** Agents that a call changes. `filter` is null when no agent can match. */
export interface Selection {
  readonly filter: AgentFilter | null;
  readonly nowMs: number;
  /** Owner to whom the call is limited: only agents of this owner match. Undefined for agents of all owners. */
  readonly scopeOwner: string | undefined;
}

/**
 * Changes all agents that match, in the order of their ids. Returns their number.
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
 * Deletes all agents that match. Returns their number.
 *
 * @throws CONFLICT when the number of matching agents is not `expect`
 */
export async function deleteWhere(tx: Transaction, selection: Selection, rules: WhereRules): Promise<number> {
  const ids = await lockMatching(tx, selection, rules);
  await deleteAgents(tx, ids, selection.nowMs, selection.scopeOwner);
  return ids.length;
}

/**
 * Returns a function that takes the id of an agent, and returns the parsed patch for this agent.
 *
 * @throws INVALID_INPUT when the patch is invalid
 */
export function parsePatch(patch: unknown, nowMs: number, checks: Validator): (id: string) => AgentChange {
  const fields = checkPatch(patch);
  const parse = (id: string): AgentChange => parseAgentUpdate({ ...fields, id }, nowMs, checks);
  const change = parse('any');
  // Endpoints without an id get different ids for each agent, so the patch is parsed for each agent.
  return change.collections.endpoints === undefined ? (id) => ({ ...change, id }) : parse;
}

/**
 * Returns the ids of the agents that match, ordered by code point. Blocks changes of these agents until the end of the
 * transaction.
 *
 * While PostgreSQL waits for a lock, another transaction may change an agent so that it does not match any more.
 * Therefore the query is repeated after all agents are locked. An agent that only the second query finds is ignored, as
 * if it had begun to match after the call.
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
