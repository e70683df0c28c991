import { createHash } from 'node:crypto';
import type { AgentColumns } from './new-row';
import type { Uniqueness } from './types';

type Named = Pick<AgentColumns, 'name' | 'version' | 'owner'>;

/**
 * Keys that identify the name and version of an agent, one for each scope of the option `unique`. Two keys are equal
 * only if the names and versions have the same code points.
 */
export interface NameKeys {
  /** Key that identifies the name and version among all agents. */
  readonly allKey: string;
  /** Key that identifies the name and version among the agents of one owner. */
  readonly ownerKey: string;
}

export function toNameKeys({ name, version, owner }: Named): NameKeys {
  return { allKey: hashOf([name, version]), ownerKey: hashOf([name, version, owner]) };
}

/**
 * Returns the keys that identify the name and version after a change. Returns undefined when the change keeps the name,
 * the version and the owner.
 */
export function toNewNameKeys(change: Partial<Named>, before: Named): NameKeys | undefined {
  const { name = before.name, version = before.version, owner = before.owner } = change;
  if (name === before.name && version === before.version && owner === before.owner) return undefined;
  return toNameKeys({ name, version, owner });
}

/**
 * Returns the key that an agent holds exclusively when it is registered with `uniqueness`; null when the agent holds
 * none.
 */
export function toUniqueKey({ allKey, ownerKey }: NameKeys, uniqueness: Uniqueness): string | null {
  if (uniqueness === 'none') return null;
  return uniqueness === 'name-version' ? allKey : ownerKey;
}

// Returns a hash, because its length is fixed: an index of a database limits the length of a value.
function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
