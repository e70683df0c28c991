import type { Executor } from '../storage/executor';
import { expireDueAgents } from './commands';

/** Maximum number of agents that one transaction changes. */
const batchSize = 250;

/** Changes the status of all due agents to EXPIRED, in several transactions. Returns the number of changed agents. */
export async function expireAllDueAgents(
  executor: Executor,
  nowMs: number,
  scopeOwner: string | undefined,
): Promise<number> {
  for (let count = 0; ;) {
    const expired = await executor.withTransaction((tx) => expireDueAgents(tx, nowMs, batchSize, scopeOwner));
    count += expired;
    if (expired < batchSize) return count;
  }
}
