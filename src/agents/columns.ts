import type { Dialect } from '../sql/dialect';
import { sql, type Sql } from '../sql/sql';

/**
 * Composes the columns from which `toAgentRecord` builds the record of an agent `a`. Each collection is one JSON text,
 * so that each agent is one row. `toAgentRecord` sorts the endpoints and capabilities: SQLite would sort each
 * collection in a temporary B-tree, which takes a sixth of the time of reading an agent.
 */
export function agentColumns(dialect: Dialect): Sql {
  return sql`a.id, a.name, a.public_key, a.certificate_id, a.default_endpoint_id, a.version, a.description,
    ${dialect.toMs(sql`a.created_at`)}, ${dialect.toMs(sql`a.updated_at`)}, ${dialect.toMs(sql`a.expires_at`)},
    a.status, a.owner, ${endpointsOf(dialect)}, ${capabilitiesOf(dialect)}, ${metadataOf(dialect)},
    ${deprecationColumns(dialect)}`;
}

/** Composes the columns from which `toDeprecation` builds the deprecation of an agent. The alias of `agents` is `a`. */
export function deprecationColumns(dialect: Dialect): Sql {
  return sql`${dialect.toMs(sql`a.deprecated_at`)}, a.deprecation_reason, a.successor_id`;
}

/** Number of columns that {@link agentColumns} composes. */
export const agentColumnCount = 18;

function endpointsOf(dialect: Dialect): Sql {
  const endpoint = dialect.jsonArray([
    sql`e.id`,
    sql`e.protocol`,
    sql`e.address`,
    sql`e.port`,
    sql`e.health_status`,
    dialect.toMs(sql`e.last_checked`),
    sql`e.health_message`,
    sql`e.metadata`,
    sql`e.position`,
  ]);
  return sql`(SELECT ${dialect.jsonArrayAggregate(endpoint)} FROM endpoints e WHERE e.agent_id = a.id)`;
}

function capabilitiesOf(dialect: Dialect): Sql {
  return sql`(SELECT ${dialect.jsonArrayAggregate(dialect.jsonElement(sql`c.name`))}
    FROM agent_capabilities ac ${dialect.lateralLookup(sql`id`, 'capabilities', 'c', sql`ac.capability_id`)} WHERE ac.agent_id = a.id)`;
}

function metadataOf(dialect: Dialect): Sql {
  return dialect.jsonObjectAggregate(sql`agent_metadata m WHERE m.agent_id = a.id`);
}
