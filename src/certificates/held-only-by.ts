import { sql, type Sql } from '../sql/sql';

/**
 * Composes the condition that a certificate belongs to an owner: only agents of this owner hold it, and at least one
 * does. The condition is false, and never NULL, when no agent holds the certificate.
 *
 * Each subquery reads one end of the index on `certificate_id` and `owner`; SQLite does so only for a single aggregate.
 * There is no EXISTS, because PostgreSQL could convert it to a join with the whole table.
 */
export function isHeldOnlyBy(certificateId: Sql, owner: Sql): Sql {
  const ownerOf = (aggregate: Sql): Sql =>
    sql`(SELECT ${aggregate}(h.owner) FROM agents h WHERE h.certificate_id = ${certificateId})`;
  return sql`COALESCE(${ownerOf(sql`min`)} = ${owner} AND ${ownerOf(sql`max`)} = ${owner}, FALSE)`;
}
