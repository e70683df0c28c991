import { sql, type Sql } from '../sql/sql';

/**
 * Composes the condition that a certificate belongs to an owner: at least one agent holds it, and all of its holders
 * are agents of this owner. A certificate that nobody holds belongs to nobody. It is never NULL.
 *
 * The first and the last owner of the holders are the ends of a range of the index on `certificate_id` and `owner`. So
 * the time of the test does not depend on the number of holders.
 */
export function isHeldOnlyBy(certificateId: Sql, owner: Sql): Sql {
  const end = (which: Sql): Sql =>
    sql`COALESCE((SELECT ${which}(h.owner) FROM agents h WHERE h.certificate_id = ${certificateId}) = ${owner}, FALSE)`;
  return sql`(${end(sql`min`)} AND ${end(sql`max`)})`;
}
