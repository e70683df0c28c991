import type { Uniqueness } from '../../src';
import type { Directory } from './prediction';

/** Fields of an agent that a condition on its name uses. */
export interface Named {
  readonly name: string;
  readonly version: string;
  readonly owner: string;
}

/**
 * Reports whether another agent conflicts with `named`: one that holds that name and version, of its owner or of all, or
 * any that has it, where it is to be `unique`.
 */
export function isNameTaken({ agents, holds }: Directory, named: Named, unique: Uniqueness, ownId?: string): boolean {
  return [...agents.values()].some((other) => {
    if (other.id === ownId || other.name !== named.name || other.version !== named.version) return false;
    const scopes = [unique, holds.get(other.id) ?? 'none'];
    return scopes.includes('name-version') || (scopes.includes('owner-name-version') && other.owner === named.owner);
  });
}

/** The directory in which the agent `id` holds its name as it was registered. */
export function withHold(directory: Directory, id: string, unique: Uniqueness): Directory {
  return unique === 'none' ? directory : { ...directory, holds: new Map(directory.holds).set(id, unique) };
}

/** The directory in which the agent `id` holds nothing any more. */
export function withoutHold(directory: Directory, id: string): Directory {
  const holds = new Map(directory.holds);
  holds.delete(id);
  return { ...directory, holds };
}

/** Reports whether an agent holds another name and version than its own, within its owner or among all. */
export function hasLeft(before: Named, after: Named, hold: Uniqueness | undefined): boolean {
  const hasMoved = hold === 'owner-name-version' && before.owner !== after.owner;
  return hasMoved || before.name !== after.name || before.version !== after.version;
}

/** Reports whether a change gives an agent another name, version or owner. */
export function isRenamed(before: Named, after: Named): boolean {
  return hasLeft(before, after, 'owner-name-version');
}
