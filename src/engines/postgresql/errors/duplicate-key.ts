import type { Failure } from '../../../errors/failure';
import { toKeyFailure } from '../../../errors/key-failure';
import { ownKeys } from '../../../errors/own-constraints';
import { propertiesOf } from '../../../errors/properties';
import { feedCounterMessages } from '../../../storage/feed-counter-messages';
import type { ErrorMapping } from './error-mapping';

const sequenceBehind: ErrorMapping = { code: 'CORRUPT', message: feedCounterMessages.behind };

/**
 * Returns the mapping for a sequence number of the change feed that already exists. Returns undefined for other keys.
 */
export function mapChangeFeedKey(error: object): ErrorMapping | undefined {
  return constraintOf(error) === 'changes_pkey' ? sequenceBehind : undefined;
}

/** Creates the failure for a duplicate key. */
export function toDuplicateKey(error: object, cause: unknown): Failure {
  return toKeyFailure(ownKeys[constraintOf(error)] ?? '', cause);
}

function constraintOf(error: object): string {
  const { constraint } = propertiesOf(error);
  // Prisma's adapter passes the name of the constraint in an object.
  const name: unknown =
    typeof constraint === 'object' && constraint !== null ? Reflect.get(constraint, 'index') : constraint;
  return String(name);
}
