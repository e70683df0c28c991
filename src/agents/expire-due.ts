import { repeatInTransactions } from '../runtime/batches';
import type { Executor } from '../storage/executor';
import { expireDueAgents } from './commands';

/** Maximum number of agents that `expireDue` changes in one transaction. */
const batchSize = 250;

/**
 * Changes the status to EXPIRED for all agents whose `expiresAt` has passed, in several transactions. Returns the
 * number of changed agents.
 */
export function expireAllDueAgents(executor: Executor, nowMs: number, scopeOwner: string | undefined): Promise<number> {
  return repeatInTransactions(executor, batchSize, (tx) => expireDueAgents(tx, nowMs, batchSize, scopeOwner));
}
