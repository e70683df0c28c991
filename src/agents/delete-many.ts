import { protectedRow } from '../errors/failure';
import { batchSize } from '../runtime/batches';
import { partsByWeight } from '../sql/chunks';
import type { Transaction } from '../storage/transaction';
import { agentBatchStatements } from './batch-statements';
import { agentChange, deleteAgent } from './commands';
import { loadManyForUpdate, lockAllForUpdate, type AgentBeforeBatch } from './load-many-for-update';
import { deleteMetadataInSteps } from './merged-metadata';
import { agentStatements } from './statements';

/**
 * Deletes agents with everything that belongs to them, in batches. Returns, for each id, whether this deleted an agent:
 * false when the agent does not exist, and when the id is repeated.
 */
export async function deleteAgents(tx: Transaction, ids: readonly string[], nowMs: number): Promise<boolean[]> {
  await lockAllForUpdate(tx, ids);
  const results: boolean[] = [];
  const deleted = new Set<string>();
  for (let start = 0; start < ids.length; start += batchSize) {
    const batch = ids.slice(start, start + batchSize);
    const existing = await deleteBatch(
      tx,
      [...new Set(batch)].filter((id) => !deleted.has(id)),
      nowMs,
    );
    for (const id of batch) {
      results.push(existing.has(id) && !deleted.has(id));
      deleted.add(id);
    }
  }
  return results;
}

/** Deletes agents, which must be different ones. Returns the ids of those that existed. */
async function deleteBatch(tx: Transaction, ids: readonly string[], nowMs: number): Promise<ReadonlySet<string>> {
  const requests = ids.map((id) => ({ id, endpointId: null, needsCapabilities: true }));
  const agents = await loadManyForUpdate(tx, requests);
  let together: LoadedAgent[] = [];
  for (const id of ids) {
    const before = agents.get(id);
    if (before === undefined) continue;
    // Clears the successor of other agents, which the batch may delete before or after this agent.
    if (before.hasPredecessors) {
      await deleteTogether(tx, together, nowMs);
      together = [];
      await deleteAgent(tx, id, nowMs);
    } else together.push({ id, before });
  }
  await deleteTogether(tx, together, nowMs);
  return new Set(agents.keys());
}

interface LoadedAgent {
  readonly id: string;
  readonly before: AgentBeforeBatch;
}

/** Deletes agents that are no successors. Each statement deletes many of them. */
async function deleteTogether(tx: Transaction, agents: readonly LoadedAgent[], nowMs: number): Promise<void> {
  if (agents.length === 0) return;
  for (const { id, before } of agents) if (before.hasMuchMetadata) await deleteMetadataInSteps(tx, id);
  const { capabilities } = agentStatements(tx.dialect).collections;
  const links = agents.map(({ id, before }) => ({ agentId: id, names: [], stored: before.capabilities }));
  const deletions = partsByWeight(agents, ({ before }) => 1 + before.size).map((part) =>
    agentBatchStatements(tx.dialect).delete({ ids: JSON.stringify(part.map(({ id }) => id)) }),
  );
  const changes = await tx.executeAll([...capabilities.replaceMany(links), ...deletions]);
  // A row security policy may let the role lock an agent but not delete it. Then DELETE reports no error, and does not
  // delete the row.
  const count = changes.slice(-deletions.length).reduce((sum, some) => sum + some, 0);
  if (count < agents.length) throw protectedRow();
  const deleted = agents.map(({ id }) => id);
  tx.recordChange(agentChange('DELETED', deleted, nowMs));
}
