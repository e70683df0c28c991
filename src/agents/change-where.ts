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
  /** Owner whose agents alone the filter finds; undefined for any owner. */
  readonly scopeOwner: string | undefined;
}

/**
 * Changes all agents that match, one after the other in the order of their ids, each in the same way. Returns their
 * number.
 *
 * @throws CONFLICT when another number of agents matches than `expect`; the failure of the first agent that cannot be
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
 * @throws CONFLICT when another number of agents matches than `expect`
 */
export async function deleteWhere(tx: Transaction, selection: Selection, rules: WhereRules): Promise<number> {
  const ids = await lockMatching(tx, selection, rules);
  await deleteAgents(tx, ids, selection.nowMs, selection.scopeOwner);
  return ids.length;
}

/**
 * Returns a function that parses a patch for the agent with an id.
 *
 * @throws INVALID_INPUT when the patch is invalid
 */
export function parsePatch(patch: unknown, nowMs: number, checks: Validator): (id: string) => AgentChange {
  const fields = checkPatch(patch);
  const parse = (id: string): AgentChange => parseAgentUpdate({ ...fields, id }, nowMs, checks);
  const change = parse('any');
  // Each agent gets other ids for the endpoints that have none, as in single updates.
  return change.collections.endpoints === undefined ? (id) => ({ ...change, id }) : parse;
}

/**
 * Returns the ids of the agents that match, by code point, and blocks changes of these agents until the end of the
 * transaction.
 *
 * While PostgreSQL waits for a lock, another transaction may change an agent so that it does not match any more.
 * Therefore the query is repeated after all agents are locked. An agent that only the second query finds is left
 * unchanged, as if it had begun to match after the call.
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
  return new Failure('CONFLICT', 'another number of agents matches than options.expect', {
    entity: 'agent',
    field: 'options.expect',
    retryable: false,
  });
}
