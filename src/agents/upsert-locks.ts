import { batchSize } from '../runtime/batches';
import type { Transaction } from '../storage/transaction';
import { lockAllForUpdate } from './load-many-for-update';
import { agentStatements } from './statements';
import { toNameKeys } from './unique-key';

interface Named {
  readonly name: string;
  readonly version: string;
  readonly owner: string;
}

/**
 * Blocks the registration of the agents by other transactions, and changes of those that exist, until the end of the
 * transaction, when the call has several batches. Without this function, a transaction would lock the names of each
 * batch in order, but not the names of all batches, so two transactions could each wait for a name that the other one
 * has locked.
 *
 * @returns the `ownerKey` of each agent whose name is locked.
 */
export async function lockAllNamed(tx: Transaction, inputs: readonly unknown[]): Promise<ReadonlySet<string>> {
  if (!tx.dialect.usesRowLocks) return new Set();
  const given = inputs.flatMap((input) => namedOf(input) ?? []).map((agent) => [toNameKeys(agent), agent] as const);
  const agents = [...new Map(given.map(([nameKeys, agent]) => [nameKeys.ownerKey, { ...agent, nameKeys }])).values()];
  if (inputs.length <= batchSize && agents.length === given.length) return new Set();
  const { names } = agentStatements(tx.dialect);
  const ids: string[] = [];
  const missing: typeof agents = [];
  for (let start = 0; start < agents.length; start += batchSize) {
    const some = agents.slice(start, start + batchSize);
    for (const [position, id] of await tx.query(names.selectNamed(some))) {
      if (typeof id === 'string') ids.push(id);
      else missing.push(...some.slice(Number(position), Number(position) + 1));
    }
  }
  // The option `unique` of this lock needs no id: it locks the name for every agent.
  tx.executeAtCommit(
    names.lock(
      missing.map(({ nameKeys }) => ({ id: '', nameKeys })),
      'owner-name-version',
    ),
  );
  await lockAllForUpdate(tx, ids);
  return new Set(missing.map(({ nameKeys }) => nameKeys.ownerKey));
}

/** Returns the name of an unchecked agent; undefined when it cannot be read. A later check reports the reason. */
function namedOf(input: unknown): Named | undefined {
  if (typeof input !== 'object' || input === null) return undefined;
  try {
    const name: unknown = Reflect.get(input, 'name');
    const version: unknown = Reflect.get(input, 'version');
    const owner: unknown = Reflect.get(input, 'owner');
    const isNamed = typeof name === 'string' && typeof version === 'string' && typeof owner === 'string';
    return isNamed ? { name, version, owner } : undefined;
  } catch {
    return undefined;
  }
}
