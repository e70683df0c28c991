import type { Uniqueness } from '../../src';
import type { Directory } from './prediction';

/** Fields of an agent that a condition on its name uses. */
export interface Named {
  readonly name: string;
  readonly version: string;
  readonly owner: string;
}

/**
 * Reports whether another agent with the same name and version conflicts with `named`: because the other agent has
 * reserved them, or because `named` must be `unique`. Each scope is one owner or all agents.
 */
export function isNameTaken({ agents, holds }: Directory, named: Named, unique: Uniqueness, ownId?: string): boolean {
  return [...agents.values()].some((other) => {
    if (other.id === ownId || other.name !== named.name || other.version !== named.version) return false;
    const scopes = [unique, holds.get(other.id) ?? 'none'];
    return scopes.includes('name-version') || (scopes.includes('owner-name-version') && other.owner === named.owner);
  });
}

/** Returns the directory in which the agent `id` has reserved its name in the scope `unique`. */
export function withHold(directory: Directory, id: string, unique: Uniqueness): Directory {
  return unique === 'none' ? directory : { ...directory, holds: new Map(directory.holds).set(id, unique) };
}

/** Returns the directory in which the agent `id` has reserved no name. */
export function withoutHold(directory: Directory, id: string): Directory {
  const holds = new Map(directory.holds);
  holds.delete(id);
  return { ...directory, holds };
}

/**
 * Reports whether a change gives an agent another name or version than it has reserved, or another owner in the scope
 * of one owner.
 */
export function hasLeft(before: Named, after: Named, hold: Uniqueness | undefined): boolean {
  const hasMoved = hold === 'owner-name-version' && before.owner !== after.owner;
  return hasMoved || before.name !== after.name || before.version !== after.version;
}

/** Reports whether a change gives an agent another name, version or owner. */
export function isRenamed(before: Named, after: Named): boolean {
  return hasLeft(before, after, 'owner-name-version');
}
