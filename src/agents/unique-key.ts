import { createHash } from 'node:crypto';
import type { AgentColumns } from './agent-row';
import type { Uniqueness } from './types';

type Named = Pick<AgentColumns, 'name' | 'version' | 'owner'>;

/** What an agent holds that was registered with `unique`, for each scope: its name and version are compared by code point. */
export interface NameKeys {
  /** Of the name and version among all agents. */
  readonly allKey: string;
  /** Of the name and version among the agents of the owner. */
  readonly ownerKey: string;
}

export function toNameKeys({ name, version, owner }: Named): NameKeys {
  return { allKey: hashOf([name, version]), ownerKey: hashOf([name, version, owner]) };
}

/** The key that an agent holds after it was registered with `uniqueness`; null when it holds nothing. */
export function toUniqueKey({ allKey, ownerKey }: NameKeys, uniqueness: Uniqueness): string | null {
  if (uniqueness === 'none') return null;
  return uniqueness === 'name-version' ? allKey : ownerKey;
}

// Its length does not depend on that of the texts, so that an index of every engine takes it.
function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
