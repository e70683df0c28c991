import type { Uniqueness } from './types';
import type { NameKeys } from './unique-key';

/*
 * On PostgreSQL every registration of a name, and every change to it, updates a row of the table name_locks that the name,
 * version and owner select. Two of them wait for each other, and the later one sees what the earlier one has committed; a
 * transaction that has taken its snapshot before that fails with a serialization failure and is tried again. An advisory
 * lock could not tell it.
 */

/** How many rows a name and version have. Owners share them, so that those of one name seldom wait for each other. */
const rowsOfName = 8;

/** How many names and versions are told apart. The table stays small however many names come and go. */
const names = 2 ** 19;

/** The row to update for an agent that may share its name, or that is unique among the agents of its owner. */
export function lockOf({ allKey, ownerKey }: NameKeys): number {
  return firstLockOf(allKey) + (parseInt(ownerKey.slice(0, 4), 16) % rowsOfName);
}

/** The rows to update for agents that are registered at once: each once, and in an order that is the same for everybody. */
export function locksOf(keys: readonly NameKeys[], uniqueness: Uniqueness): number[] {
  const locks = new Set<number>();
  for (const key of keys) {
    if (uniqueness !== 'name-version') locks.add(lockOf(key));
    else for (let row = 0; row < rowsOfName; row += 1) locks.add(firstLockOf(key.allKey) + row);
  }
  return [...locks].sort((one, other) => one - other);
}

function firstLockOf(allKey: string): number {
  return (parseInt(allKey.slice(0, 8), 16) % names) * rowsOfName;
}
