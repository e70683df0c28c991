import { checkObject, checkOneOf, ifDefined } from '../validation/checks';

/** Options of a read. */
export interface ReadOptions {
  /**
   * `primary` forces the answer of the primary, which knows all that is committed. Without it a read replica may answer,
   * where there is one, with what it knew not longer than `maxReplicaLagMs` ago, and so may the cache, where there is
   * one. On SQLite and inside transactions a read is always current.
   */
  consistency?: 'primary' | undefined;
}

const names = new Set(['consistency'] as const);

/** Reports whether the primary has to answer. @throws INVALID_INPUT */
export function requiresPrimary(input: unknown): boolean {
  if (input === undefined) return false;
  const { consistency } = checkObject(input, 'options', names);
  return (
    ifDefined(consistency, 'options.consistency', (value, field) => checkOneOf(value, ['primary'], field)) !== undefined
  );
}
