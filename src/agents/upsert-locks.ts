import { batchSize } from '../runtime/batches';
import type { Transaction } from '../storage/transaction';
import { lockAllForUpdate } from './load-many-for-update';
import type { NewAgentRow } from './new-row';
import { agentStatements } from './statements';

/**
 * Locks the names of all batches of a call, if there are several batches, and blocks changes of the agents that exist.
 * Otherwise only the names of one batch would be locked in order, and two transactions could each wait for a name that
 * the other one has locked.
 *
 * @returns the `ownerKey` of each agent whose name is locked.
 */
export async function lockAllNamed(tx: Transaction, given: readonly NewAgentRow[]): Promise<ReadonlySet<string>> {
  if (!tx.dialect.usesRowLocks) return new Set();
  const agents = [...new Map(given.map((row) => [row.nameKeys.ownerKey, row])).values()];
  if (given.length <= batchSize && agents.length === given.length) return new Set();
  const { names } = agentStatements(tx.dialect);
  const ids: string[] = [];
  const missing: typeof agents = [];
  for (let start = 0; start < agents.length; start += batchSize) {
    const some = agents.slice(start, start + batchSize);
    for (const [position, id] of await tx.query(names.selectNamed(some.map(({ columns }) => columns)))) {
      if (typeof id === 'string') ids.push(id);
      else missing.push(...some.slice(Number(position), Number(position) + 1));
    }
  }
  // With this `unique` option, the lock applies to every agent with the name, so no id is needed.
  tx.executeAtCommit(
    names.lock(
      missing.map(({ nameKeys }) => ({ id: '', nameKeys })),
      'owner-name-version',
    ),
  );
  // All rows of a call are limited to the same owner, or to none.
  await lockAllForUpdate(tx, ids, given[0]?.scopeOwner);
  return new Set(missing.map(({ nameKeys }) => nameKeys.ownerKey));
}
