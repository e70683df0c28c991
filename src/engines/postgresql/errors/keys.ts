import type { Failure } from '../../../errors/failure';
import { toKeyFailure } from '../../../errors/key-failure';
import { ownKeys } from '../../../errors/own-constraints';
import type { Meaning } from './connection-meanings';

const feedCounterBehind: Meaning = {
  code: 'CORRUPT',
  message: 'the sequence of the change feed is behind its highest stored value: run migrateDatabase() to repair it',
};

/** Returns the mapping of a duplicate key of the change feed, whose sequence assigns it; undefined for other keys. */
export function meaningOfFeedKey(error: object): Meaning | undefined {
  return constraintOf(error) === 'changes_pkey' ? feedCounterBehind : undefined;
}

/** Returns the failure for a duplicate key. */
export function toTakenKey(error: object, cause: unknown): Failure {
  return toKeyFailure(ownKeys[constraintOf(error)] ?? '', cause);
}

function constraintOf(error: object): string {
  const { constraint } = error as Readonly<Record<string, unknown>>;
  // Prisma's adapter keeps the name inside an object.
  const name: unknown =
    typeof constraint === 'object' && constraint !== null ? Reflect.get(constraint, 'index') : constraint;
  return String(name);
}
