import { checkObject, checkOneOf, ifDefined } from '../validation/checks';

/**
 * Options of a call that reads.
 *
 * @example
 * ```ts
 * const agent = await db.getAgent(id, { consistency: 'primary' });
 * ```
 */
export interface ReadOptions {
  /**
   * `primary`: the read sees all committed changes. Without this option, a read replica or the cache may answer. A
   * replica's result is up to `maxReplicaLagMs` old, and a cached record may lack changes of other processes (see the
   * option `cache`).
   *
   * The change feed is always read on the primary. On SQLite, `primary` only excludes the records that
   * `cache.staleIfErrorMs` allows. A read inside a transaction always uses the connection of the transaction.
   *
   * @defaultValue the cache or a read replica may answer, when there is one
   */
  consistency?: 'primary' | undefined;
}

const names = new Set(['consistency'] as const);

/**
 * Reports whether the options of a read request the primary.
 *
 * @throws INVALID_INPUT when the options are invalid
 */
export function requiresPrimary(input: unknown): boolean {
  if (input === undefined) return false;
  const { consistency } = checkObject(input, 'options', names);
  return (
    ifDefined(consistency, 'options.consistency', (value, field) => checkOneOf(value, ['primary'], field)) !== undefined
  );
}
