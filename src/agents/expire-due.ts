import { repeatInTransactions } from '../runtime/batches';
import type { Executor } from '../storage/executor';
import { expireDueAgents } from './commands';

/** Maximum number of agents that one transaction changes. */
const batchSize = 250;

/** Changes the status of all due agents to EXPIRED, in several transactions. Returns the number of changed agents. */
export function expireAllDueAgents(executor: Executor, nowMs: number, scopeOwner: string | undefined): Promise<number> {
  return repeatInTransactions(executor, batchSize, (tx) => expireDueAgents(tx, nowMs, batchSize, scopeOwner));
}
