import { createHash } from 'node:crypto';
import type { AgentColumns } from './new-row';
import type { Uniqueness } from './types';

type Named = Pick<AgentColumns, 'name' | 'version' | 'owner'>;

/**
 * Keys of the name and version of an agent, one for each scope of the option `unique`. Keys are equal only if the names
 * and versions have the same code points.
 */
export interface NameKeys {
  /** Key of the name and version among all agents. */
  readonly allKey: string;
  /** Key of the name and version among the agents of the owner. */
  readonly ownerKey: string;
}

export function toNameKeys({ name, version, owner }: Named): NameKeys {
  return { allKey: hashOf([name, version]), ownerKey: hashOf([name, version, owner]) };
}

/**
 * Returns the keys of the name and version after a change; undefined when the change affects none of name, version and
 * owner.
 */
export function toNewNameKeys(change: Partial<Named>, before: Named): NameKeys | undefined {
  const { name = before.name, version = before.version, owner = before.owner } = change;
  if (name === before.name && version === before.version && owner === before.owner) return undefined;
  return toNameKeys({ name, version, owner });
}

/** Returns the key that an agent holds when it is registered with `uniqueness`; null when it holds nothing. */
export function toUniqueKey({ allKey, ownerKey }: NameKeys, uniqueness: Uniqueness): string | null {
  if (uniqueness === 'none') return null;
  return uniqueness === 'name-version' ? allKey : ownerKey;
}

// A hash has a fixed length, so every engine can index it, however long the texts are.
function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
