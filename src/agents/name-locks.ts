import type { NameKeys } from './unique-key';

/*
 * On PostgreSQL every registration of a name, and every change to it, updates a row of the table name_locks. An agent that
 * may share its name updates one row of the name and version, which its id selects, so that registrations of one name
 * seldom wait for each other. An agent that is to be the only one updates all of them. Of two that update the same row the
 * later one waits, and sees what the earlier one has committed; a transaction whose snapshot is older fails with a
 * serialization failure and is tried again. An advisory lock could not tell it.
 */

/** An agent whose name is locked. */
export interface NameToLock {
  readonly id: string;
  readonly nameKeys: NameKeys;
}

/** How many rows a name and version have. */
const rowsOfName = 8;

/** How many names and versions are told apart. The table stays small however many names come and go. */
const names = 2 ** 19;

/** Returns the row to update for an agent that may share its name. */
export function sharedLockOf({ id, nameKeys }: NameToLock): number {
  let hash = 0;
  for (let index = 0; index < id.length; index += 1) hash = (hash * 31 + id.charCodeAt(index)) >>> 0;
  return firstLockOf(nameKeys) + (hash % rowsOfName);
}

/** Returns the rows to update for agents that are registered at once, deduplicated, in the same order for everybody. */
export function locksOf(agents: readonly NameToLock[], isShared: boolean): number[] {
  const locks = new Set<number>();
  for (const agent of agents) {
    if (isShared) locks.add(sharedLockOf(agent));
    else for (let row = 0; row < rowsOfName; row += 1) locks.add(firstLockOf(agent.nameKeys) + row);
  }
  return [...locks].sort((one, other) => one - other);
}

function firstLockOf({ allKey }: NameKeys): number {
  return (parseInt(allKey.slice(0, 8), 16) % names) * rowsOfName;
}
