import { sql, type Sql } from '../sql/sql';

/**
 * Composes the condition that a certificate belongs to an owner: at least one agent holds it, and all of its holders
 * are agents of this owner. A certificate that nobody holds belongs to nobody. It is never NULL.
 *
 * The condition reads all holders by the index on `certificate_id`, so its time grows with their number. An aggregate,
 * unlike EXISTS, is never converted to a join with the whole table.
 */
export function isHeldOnlyBy(certificateId: Sql, owner: Sql): Sql {
  return sql`COALESCE((SELECT min(h.owner) = ${owner} AND max(h.owner) = ${owner} FROM agents h
    WHERE h.certificate_id = ${certificateId}), FALSE)`;
}
