import type { NameKeys } from './unique-key';

/*
 * On PostgreSQL, every registration of an agent, and every change of its name, version or owner, writes rows of the
 * table name_locks. Each name and version has several rows. If the agent may share its name, the transaction writes
 * only one of them, which the id of the agent selects. So two registrations of one name seldom wait for each other. If
 * the name must be unique, the transaction writes all of these rows.
 *
 * The later of two transactions that write the same row waits for the commit of the earlier one. Then it sees the data
 * of the earlier one. If its snapshot is older, it fails with a serialization failure and is retried. An advisory lock
 * would not cause that failure, so the transaction would continue with old data.
 */

/** Agent whose name is locked. */
export interface NameToLock {
  readonly id: string;
  readonly nameKeys: NameKeys;
}

/** Number of rows for one name and version. */
const rowsOfName = 8;

/** Number of different hashes of names and versions. It limits the size of the table, however many names exist. */
const names = 2 ** 19;

/** Returns the row to write for an agent that may share its name. */
export function sharedLockOf({ id, nameKeys }: NameToLock): number {
  let hash = 0;
  for (let index = 0; index < id.length; index += 1) hash = (hash * 31 + id.charCodeAt(index)) >>> 0;
  return firstLockOf(nameKeys) + (hash % rowsOfName);
}

/**
 * Returns the rows to write for agents that are registered together, without duplicates. They are in ascending order,
 * so that two transactions cannot each wait for a row that the other one has written.
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
