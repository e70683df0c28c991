import { createHash } from 'node:crypto';
import type { AgentColumns } from './agent-row';
import type { Uniqueness } from './types';

type Named = Pick<AgentColumns, 'name' | 'version' | 'owner'>;

/** What no two agents that were registered on this condition can share; null where there is no condition. */
export function toUniqueKey({ name, version, owner }: Named, uniqueness: Uniqueness): string | null {
  if (uniqueness === 'none') return null;
  const parts = uniqueness === 'name-version' ? [name, version] : [name, version, owner];
  // Its length does not depend on theirs, so that an index of every engine takes it.
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
