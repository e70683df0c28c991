import { batchSize } from '../runtime/batches';
import type { Transaction } from '../storage/transaction';
import { lockAllForUpdate } from './load-many-for-update';
import type { NewAgentRow } from './new-row';
import { agentStatements } from './statements';

/**
 * Locks all agents and names of an `upsertMany` call before the first batch. Locks the names of missing agents, and the
 * rows of stored agents. Does nothing on engines without row locks, and for a single batch without repeated names. Two
 * transactions could cause a deadlock if each batch locked only its own names.
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
  // The id of an agent does not matter, because `owner-name-version` locks all rows of a name.
  tx.executeAtCommit(
    names.lock(
      missing.map(({ nameKeys }) => ({ id: '', nameKeys })),
      'owner-name-version',
    ),
  );
  // All rows of a call have the same `scopeOwner`.
  await lockAllForUpdate(tx, ids, given[0]?.scopeOwner);
  return new Set(missing.map(({ nameKeys }) => nameKeys.ownerKey));
}
