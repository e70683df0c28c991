import { protectedRow } from '../errors/failure';
import { batchSize } from '../runtime/batches';
import { partsByWeight } from '../sql/chunks';
import type { Transaction } from '../storage/transaction';
import { agentBatchStatements } from './batch-statements';
import { agentChange } from './commands';
import { clearSuccessors, deprecationStatements } from './deprecation';
import { loadManyForUpdate, lockAllForUpdate, type AgentBeforeBatch } from './load-many-for-update';
import { deleteMetadataInSteps } from './merged-metadata';
import { agentStatements } from './statements';

/**
 * Deletes agents with everything that belongs to them, in batches. Returns true for each id whose agent was deleted.
 * Returns false when no agent has the id, or when the id is a repetition.
 */
export async function deleteAgents(
  tx: Transaction,
  ids: readonly string[],
  nowMs: number,
  scopeOwner: string | undefined,
): Promise<boolean[]> {
  await lockAllForUpdate(tx, ids, scopeOwner);
  const results: boolean[] = [];
  const deleted = new Set<string>();
  for (let start = 0; start < ids.length; start += batchSize) {
    const batch = ids.slice(start, start + batchSize);
    const existing = await deleteBatch(
      tx,
      [...new Set(batch)].filter((id) => !deleted.has(id)),
      nowMs,
      scopeOwner,
    );
    for (const id of batch) {
      results.push(existing.has(id) && !deleted.has(id));
      deleted.add(id);
    }
  }
  return results;
}

/** Deletes the agents of one batch. The ids must be different. Returns the ids of the agents that existed. */
async function deleteBatch(
  tx: Transaction,
  ids: readonly string[],
  nowMs: number,
  scopeOwner: string | undefined,
): Promise<ReadonlySet<string>> {
  const requests = ids.map((id) => ({ id, endpointId: null, needsCapabilities: true }));
  const loaded = await loadManyForUpdate(tx, requests, scopeOwner);
  const agents = ids.flatMap((id): LoadedAgent[] => {
    const before = loaded.get(id);
    return before === undefined ? [] : [{ id, before }];
  });
  if (agents.length === 0) return new Set();
  const predecessors = await clearAllSuccessors(tx, agents, nowMs);
  await deleteLoaded(tx, agents);
  const existing = new Set<string>();
  for (const { id } of agents) {
    existing.add(id);
    tx.recordChange(agentChange('DELETED', [id], nowMs));
    // Omits agents that this batch has already deleted: the deletion must be their last entry in the change feed.
    const kept = predecessors.get(id)?.filter((predecessor) => !existing.has(predecessor)) ?? [];
    tx.recordChange(agentChange('UPDATED', kept, nowMs));
  }
  return existing;
}

interface LoadedAgent {
  readonly id: string;
  readonly before: AgentBeforeBatch;
}

/**
 * Removes the given agents from the deprecations that name them as successors. Returns the ids of the changed agents by
 * the ids of their former successors.
 */
async function clearAllSuccessors(
  tx: Transaction,
  agents: readonly LoadedAgent[],
  nowMs: number,
): Promise<ReadonlyMap<unknown, readonly string[]>> {
  const successors = agents.filter(({ before }) => before.hasPredecessors).map(({ id }) => id);
  if (successors.length === 0) return new Map();
  const { selectPredecessors } = deprecationStatements(tx.dialect);
  const rows = await tx.query(selectPredecessors({ ids: JSON.stringify(successors) }));
  await clearSuccessors(tx, successors, nowMs);
  const predecessors = new Map<unknown, string[]>();
  for (const [id, successorId] of rows) {
    predecessors.set(successorId, [...(predecessors.get(successorId) ?? []), String(id)]);
  }
  return predecessors;
}

/** Deletes agents that are not successors of any agent. Each statement deletes many agents. */
async function deleteLoaded(tx: Transaction, agents: readonly LoadedAgent[]): Promise<void> {
  for (const { id, before } of agents) if (before.hasMuchMetadata) await deleteMetadataInSteps(tx, id);
  const { capabilities } = agentStatements(tx.dialect).collections;
  const links = agents.map(({ id, before }) => ({ agentId: id, names: [], stored: before.capabilities }));
  const deletions = partsByWeight(agents, ({ before }) => 1 + before.size).map((part) =>
    agentBatchStatements(tx.dialect).delete({ ids: JSON.stringify(part.map(({ id }) => id)) }),
  );
  const changes = await tx.executeAll([...capabilities.replaceMany(links), ...deletions]);
  // A row security policy may let the database role lock an agent but not delete it. Then DELETE reports no error, and
  // deletes no row.
  const count = changes.slice(-deletions.length).reduce((sum, some) => sum + some, 0);
  if (count < agents.length) throw protectedRow();
}
