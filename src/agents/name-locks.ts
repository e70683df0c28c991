import type { NameKeys } from './unique-key';

/*
 * On PostgreSQL every registration of a name, and every change to it, updates rows of the table name_locks. An agent
 * that may share its name updates one row of the name and version. Its id selects the row, so that registrations of one
 * name seldom wait for each other. An agent with a unique name updates all rows of the name and version. When two
 * transactions update the same row, the later one waits, and sees the data that the earlier one has committed. A
 * transaction with an older snapshot fails with a serialization failure and is retried. An advisory lock would not
 * cause that failure.
 */

/** Agent whose name is locked. */
export interface NameToLock {
  readonly id: string;
  readonly nameKeys: NameKeys;
}

/** Number of rows for one name and version. */
const rowsOfName = 8;

/** Number of different hashes of names and versions. Limits the size of the table, however many names are used. */
const names = 2 ** 19;

/** Returns the row to update for an agent that may share its name. */
export function sharedLockOf({ id, nameKeys }: NameToLock): number {
  let hash = 0;
  for (let index = 0; index < id.length; index += 1) hash = (hash * 31 + id.charCodeAt(index)) >>> 0;
  return firstLockOf(nameKeys) + (hash % rowsOfName);
}

/**
 * Returns the rows to update for agents that are registered together: deduplicated, in the same order for every caller.
 */
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
