import type { NameKeys } from './unique-key';

/*
 * Locks of names and versions. The table name_locks has several rows for each name and version. On PostgreSQL, a
 * transaction writes such rows when it registers an agent, or changes the name, version or owner of an agent. It writes
 * only one row for a name that agents may share. The id of the agent selects this row. So two registrations of a shared
 * name seldom wait for each other. For a unique name, the transaction writes all rows of the name.
 *
 * The later of two transactions that write the same row waits for the commit of the earlier one. Then it sees the data
 * of the earlier transaction. If its snapshot is older, it fails with a serialization failure and is retried. An
 * advisory lock would not cause that failure, so the transaction would continue with old data.
 */

/** Agent whose name is locked. */
export interface NameToLock {
  readonly id: string;
  readonly nameKeys: NameKeys;
}

/** Number of rows of the table name_locks for one name and version. */
const rowsOfName = 8;

/**
 * Number of different hashes of names and versions. This number limits the size of the table name_locks, even if more
 * names exist.
 */
const names = 2 ** 19;

/** Returns the row of the table name_locks to write for an agent that may share its name. */
export function sharedLockOf({ id, nameKeys }: NameToLock): number {
  let hash = 0;
  for (let index = 0; index < id.length; index += 1) hash = (hash * 31 + id.charCodeAt(index)) >>> 0;
  return firstLockOf(nameKeys) + (hash % rowsOfName);
}

/**
 * Returns the rows of the table name_locks to write for agents that are registered together, without duplicates. The
 * ascending order of the rows prevents deadlocks.
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
