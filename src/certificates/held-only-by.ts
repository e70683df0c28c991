import { sql, type Sql } from '../sql/sql';

/**
 * Composes the condition that a certificate belongs to an owner: agents of this owner hold it, and no agents of another
 * owner do. A certificate that no agent holds belongs to nobody. The condition is never NULL.
 *
 * The condition reads all agents that hold the certificate, by the index on `certificate_id`. It is an aggregate,
 * because PostgreSQL could convert an EXISTS to a join with the whole table.
 */
export function isHeldOnlyBy(certificateId: Sql, owner: Sql): Sql {
  return sql`COALESCE((SELECT min(h.owner) = ${owner} AND max(h.owner) = ${owner} FROM agents h
    WHERE h.certificate_id = ${certificateId}), FALSE)`;
}
