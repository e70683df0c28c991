import type { SequenceLock } from '../../sql/dialect';
import { raw, sql, type Sql } from '../../sql/sql';

/** First key of this package's advisory locks. No other program is likely to use this number. */
export const lockClass = '1095648083';

/**
 * Shared advisory lock of the writers of the change feed. The second key of the lock is the lowest 32 bits of the last
 * number that the sequence has assigned. Every number that the holder takes later is greater.
 *
 * The first key depends on the object id of the sequence. With a constant, writers in one schema would delay readers in
 * another schema of the same database. The first key also depends on {@link lockClass}, because other programs may use
 * object ids as keys.
 *
 * pg_sequence_last_value reads the last number. This function needs only the privilege USAGE, which every writer has.
 * It returns null when the sequence has assigned no number since it was created or restarted. Then the query takes a
 * number, which stays unused.
 */
export const sequenceLock: SequenceLock = {
  acquire: (sequence) => {
    const id = sql`'${raw(sequence)}'::regclass`;
    const last = sql`coalesce(pg_sequence_last_value(${id}), nextval(${id}))`;
    return sql`SELECT pg_advisory_xact_lock_shared(${lockKey(id)}, ${last}::bit(32)::integer)`;
  },
  // Readers depend on this order: the server makes a commit visible before it releases the locks of the transaction.
  heldKeys: (sequence) => sql`SELECT held.objid::bigint, pg_is_in_recovery()
    FROM (VALUES (1)) AS always LEFT JOIN pg_locks AS held ON held.locktype = 'advisory' AND held.objsubid = 2
      AND held.classid = ${lockKey(sql`'${raw(sequence)}'::regclass`)}::oid
      AND held.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())`,
};

function lockKey(id: Sql): Sql {
  return sql`(${id}::oid::integer # ${raw(lockClass)})`;
}
