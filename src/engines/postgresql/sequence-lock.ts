import type { SequenceLock } from '../../sql/dialect';
import { raw, sql, type Sql } from '../../sql/sql';

/** First key of this package's advisory locks: a number that no other program is likely to use. */
export const lockClass = '1095648083';

/**
 * Shared advisory lock. The second key is the lowest 32 bits of the last number that the sequence has assigned, so it
 * is less than every number that the holder takes later.
 *
 * The first key is derived from the object id of the sequence. With a constant, the writers of one schema would delay
 * the readers of another schema in the same database. The object id is combined with {@link lockClass}, because other
 * programs may use object ids as keys.
 *
 * Reading the last number with pg_sequence_last_value requires the privilege USAGE, which every writer has. The
 * function returns null when the sequence has assigned no number since it was created or restarted. Only in this case,
 * the query takes a number as the key. This number stays unused.
 */
export const sequenceLock: SequenceLock = {
  acquire: (sequence) => {
    const id = sql`'${raw(sequence)}'::regclass`;
    const last = sql`coalesce(pg_sequence_last_value(${id}), nextval(${id}))`;
    return sql`SELECT pg_advisory_xact_lock_shared(${lockKey(id)}, ${last}::bit(32)::integer)`;
  },
  // Readers rely on this order: the server makes a commit visible before it releases the locks of the transaction.
  heldKeys: (sequence) => sql`SELECT held.objid::bigint, pg_is_in_recovery()
    FROM (VALUES (1)) AS always LEFT JOIN pg_locks AS held ON held.locktype = 'advisory' AND held.objsubid = 2
      AND held.classid = ${lockKey(sql`'${raw(sequence)}'::regclass`)}::oid
      AND held.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())`,
};

function lockKey(id: Sql): Sql {
  return sql`(${id}::oid::integer # ${raw(lockClass)})`;
}
