/*
 * Hand-written SQL statements for the schema of this package. Each operation is one round trip. A record is one row
 * with its collections as JSON, and a statement finds the ids of a page before it builds records. "OFFSET 0" in a
 * lateral subquery prevents a scan of the whole table where PostgreSQL overestimates the number of rows.
 */

const agentColumns = `a.id, a.name, a.public_key, a.certificate_id, a.default_endpoint_id, a.version, a.description,
  ${toMs('a.created_at')}, ${toMs('a.updated_at')}, ${toMs('a.expires_at')}, a.status, a.owner,
  (SELECT coalesce(json_agg(json_build_array(e.id, e.protocol, e.address, e.port, e.health_status,
      ${toMs('e.last_checked')}, e.health_message, e.metadata) ORDER BY e.position), '[]')::text
    FROM endpoints e WHERE e.agent_id = a.id),
  (SELECT coalesce(json_agg(c.name ORDER BY c.name), '[]')::text FROM agent_capabilities ac
    CROSS JOIN LATERAL (SELECT c.name FROM capabilities c WHERE c.id = ac.capability_id OFFSET 0) c
    WHERE ac.agent_id = a.id),
  (SELECT '{' || coalesce(string_agg(to_json(m.key) || ':' || m.value, ','), '') || '}'
    FROM agent_metadata m WHERE m.agent_id = a.id)`;

const agentsOfPage = `SELECT ${agentColumns}
  FROM page CROSS JOIN LATERAL (SELECT * FROM agents a WHERE a.id = page.id OFFSET 0) a ORDER BY a.updated_at DESC, a.id`;

function toMs(time: string): string {
  return `round(date_part('epoch', ${time}) * 1000)`;
}

export const getAgent = `SELECT ${agentColumns} FROM agents a WHERE a.id = $1`;

/** Parameters: pattern of the name, names of capabilities, limit. */
export const searchAgents = `WITH page AS MATERIALIZED (
    SELECT a.id FROM agents a
    WHERE a.name_folded LIKE $1 AND EXISTS (SELECT 1 FROM agent_capabilities ac
      WHERE ac.agent_id = a.id AND ac.capability_id = ANY (ARRAY(SELECT id FROM capabilities WHERE name = ANY ($2::text[]))))
    ORDER BY a.updated_at DESC, a.id LIMIT $3)
  ${agentsOfPage}`;

/** Starts with the rarest capability. Parameters: names of capabilities, limit. */
export const agentsWithAll = `WITH wanted AS MATERIALIZED (
    SELECT c.id, (SELECT count(*) FROM (SELECT 1 FROM agent_capabilities u WHERE u.capability_id = c.id LIMIT 1000) s) AS uses
    FROM capabilities c WHERE c.name = ANY ($1::text[])),
  able AS MATERIALIZED (
    SELECT r.agent_id FROM agent_capabilities r
    WHERE r.capability_id = (SELECT id FROM wanted ORDER BY uses LIMIT 1)
    AND cardinality($1::text[]) = (SELECT count(*) FROM agent_capabilities ac
      WHERE ac.agent_id = r.agent_id AND ac.capability_id = ANY (ARRAY(SELECT id FROM wanted)))),
  page AS MATERIALIZED (
    SELECT a.id FROM able
    CROSS JOIN LATERAL (SELECT a.id, a.updated_at FROM agents a WHERE a.id = able.agent_id OFFSET 0) a
    ORDER BY a.updated_at DESC, a.id LIMIT $2)
  ${agentsOfPage}`;

export const agentsByFingerprint = `SELECT ${agentColumns} FROM certificates f JOIN agents a ON a.certificate_id = f.id
  WHERE f.fingerprint_key = $1 ORDER BY a.updated_at DESC, a.id`;

export const agentsOfOwner = `WITH page AS MATERIALIZED (
    SELECT id FROM agents WHERE owner = $1 ORDER BY updated_at DESC, id LIMIT $2)
  ${agentsOfPage}`;

export const agentsAtOffset = `WITH page AS MATERIALIZED (
    SELECT id FROM agents ORDER BY updated_at DESC, id LIMIT $1 OFFSET $2)
  ${agentsOfPage}`;

/** Parameters: time (ms) and id of the previous page's last agent, limit. */
export const agentsAfter = `WITH page AS MATERIALIZED (
    SELECT id FROM agents WHERE updated_at <= to_timestamp($1::float8 / 1000)
    AND (updated_at < to_timestamp($1::float8 / 1000) OR id > $2) ORDER BY updated_at DESC, id LIMIT $3)
  ${agentsOfPage}`;

const agentRecord = `id text, name text, "nameFolded" text, "publicKey" text, "certificateId" text,
  "defaultEndpoint" text, version text, "versionKey" text, description text, "createdAt" timestamptz,
  "updatedAt" timestamptz, "expiresAt" timestamptz, status "AgentStatus", owner text, endpoints json, capabilities json,
  metadata json`;
const endpointRecord = `id text, position integer, protocol text, address text, port integer, health json`;

/**
 * Tables: the agents in $1 (a JSON array), the names of their capabilities, the capabilities that already exist, and
 * the new capabilities.
 */
const given = `given AS MATERIALIZED (SELECT * FROM json_to_recordset($1::json) AS g(${agentRecord})),
  names AS MATERIALIZED (SELECT g.id AS agent_id, n.name FROM given g, json_array_elements_text(g.capabilities) AS n(name)),
  known AS MATERIALIZED (SELECT id, name FROM capabilities WHERE name IN (SELECT name FROM names)),
  added AS (INSERT INTO capabilities (id, name) SELECT gen_random_uuid(), name FROM names
    WHERE name NOT IN (SELECT name FROM known) GROUP BY name ORDER BY name
    ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id, name)`;

const agentValues = `SELECT id, name, "nameFolded", "publicKey", "certificateId", "defaultEndpoint", version, "versionKey",
  description, "createdAt", "updatedAt", "expiresAt", status, owner FROM given`;
const endpointValues = `SELECT g.id, e.id, e.position, e.protocol, e.address, e.port,
  (e.health ->> 'status')::"HealthStatus", (e.health ->> 'lastChecked')::timestamptz
  FROM given g, json_to_recordset(g.endpoints) AS e(${endpointRecord})`;
const linkValues = `SELECT n.agent_id, c.id FROM names n
  JOIN (SELECT id, name FROM known UNION ALL SELECT id, name FROM added) c ON c.name = n.name`;
const metadataValues = 'SELECT g.id, m.key, m.value::text FROM given g, json_each(g.metadata) AS m';

const agentNames = `id, name, name_folded, public_key, certificate_id, default_endpoint_id, version, version_key,
  description, created_at, updated_at, expires_at, status, owner`;
const endpointNames = 'agent_id, id, position, protocol, address, port, health_status, last_checked';

/** Parameter: JSON array of one or more agents. */
export const insertAgents = `WITH ${given},
  a AS (INSERT INTO agents (${agentNames}) ${agentValues}),
  e AS (INSERT INTO endpoints (${endpointNames}) ${endpointValues}),
  l AS (INSERT INTO agent_capabilities (agent_id, capability_id) ${linkValues})
  INSERT INTO agent_metadata (agent_id, key, value) ${metadataValues}`;

/**
 * Updates the rows of the collections in place, because one statement cannot delete a row and insert it again.
 * Parameter: JSON array of one agent.
 */
export const updateAgent = `WITH ${given},
  changed AS (UPDATE agents SET (${agentNames}) = (${agentValues})
    WHERE id = (SELECT id FROM given) AND (status <> 'REVOKED' OR status = (SELECT status FROM given)) RETURNING id),
  e AS (INSERT INTO endpoints (${endpointNames}) ${endpointValues} WHERE EXISTS (SELECT 1 FROM changed)
    ON CONFLICT (agent_id, id) DO UPDATE SET position = excluded.position, protocol = excluded.protocol,
      address = excluded.address, port = excluded.port, health_status = excluded.health_status,
      last_checked = excluded.last_checked, health_message = NULL, metadata = NULL),
  eg AS (DELETE FROM endpoints WHERE agent_id = (SELECT id FROM changed)
    AND id NOT IN (SELECT e ->> 'id' FROM given g, json_array_elements(g.endpoints) AS e)),
  m AS (INSERT INTO agent_metadata (agent_id, key, value) ${metadataValues} WHERE EXISTS (SELECT 1 FROM changed)
    ON CONFLICT (agent_id, key) DO UPDATE SET value = excluded.value),
  mg AS (DELETE FROM agent_metadata WHERE agent_id = (SELECT id FROM changed)
    AND key NOT IN (SELECT json_object_keys(metadata) FROM given)),
  l AS (INSERT INTO agent_capabilities (agent_id, capability_id) ${linkValues} WHERE EXISTS (SELECT 1 FROM changed)
    ON CONFLICT DO NOTHING),
  dropped AS (DELETE FROM agent_capabilities WHERE agent_id = (SELECT id FROM changed)
    AND capability_id NOT IN (SELECT id FROM known) RETURNING capability_id),
  unused AS (DELETE FROM capabilities c WHERE c.id IN (SELECT capability_id FROM dropped)
    AND NOT EXISTS (SELECT 1 FROM agent_capabilities u
      WHERE u.capability_id = c.id AND u.agent_id <> (SELECT id FROM changed)))
  SELECT 1 FROM changed`;

/** Does the same as `updateAgent` for several agents. Parameter: JSON array of the agents. */
export const updateAgents = `WITH ${given},
  changed AS (UPDATE agents SET (${agentNames}) = (${agentValues} WHERE given.id = agents.id)
    FROM given g WHERE agents.id = g.id AND (agents.status <> 'REVOKED' OR agents.status = g.status) RETURNING agents.id),
  e AS (INSERT INTO endpoints (${endpointNames}) ${endpointValues} WHERE g.id IN (SELECT id FROM changed)
    ON CONFLICT (agent_id, id) DO UPDATE SET position = excluded.position, protocol = excluded.protocol,
      address = excluded.address, port = excluded.port, health_status = excluded.health_status,
      last_checked = excluded.last_checked, health_message = NULL, metadata = NULL),
  eg AS (DELETE FROM endpoints WHERE agent_id IN (SELECT id FROM changed)
    AND (agent_id, id) NOT IN (SELECT g.id, e ->> 'id' FROM given g, json_array_elements(g.endpoints) AS e)),
  m AS (INSERT INTO agent_metadata (agent_id, key, value) ${metadataValues} WHERE g.id IN (SELECT id FROM changed)
    ON CONFLICT (agent_id, key) DO UPDATE SET value = excluded.value),
  mg AS (DELETE FROM agent_metadata WHERE agent_id IN (SELECT id FROM changed)
    AND (agent_id, key) NOT IN (SELECT g.id, k FROM given g, json_object_keys(g.metadata) AS k)),
  l AS (INSERT INTO agent_capabilities (agent_id, capability_id) ${linkValues}
    WHERE n.agent_id IN (SELECT id FROM changed) ON CONFLICT DO NOTHING),
  dropped AS (DELETE FROM agent_capabilities WHERE agent_id IN (SELECT id FROM changed)
    AND (agent_id, capability_id) NOT IN (SELECT n.agent_id, k.id FROM names n JOIN known k ON k.name = n.name)
    RETURNING capability_id),
  unused AS (DELETE FROM capabilities c WHERE c.id IN (SELECT capability_id FROM dropped)
    AND c.id NOT IN (SELECT id FROM known) AND NOT EXISTS (SELECT 1 FROM agent_capabilities u
      WHERE u.capability_id = c.id AND u.agent_id NOT IN (SELECT id FROM changed)))
  SELECT 1 FROM changed`;

/** Parameters: the columns, metadata (JSON object). */
export const recordEvent = `WITH s AS (INSERT INTO security_events (id, timestamp, event_type, severity, source, target,
    description, mitigation_applied) VALUES ($1, to_timestamp($2::float8 / 1000), $3, $4, $5, $6, $7, $8))
  INSERT INTO security_event_metadata (event_id, key, value) SELECT $1, key, value::text FROM json_each($9::json)`;

/** Parameters: from and to (ms), severities, limit. */
export const queryEvents = `WITH page AS MATERIALIZED (
    SELECT id FROM security_events
    WHERE timestamp BETWEEN to_timestamp($1::float8 / 1000) AND to_timestamp($2::float8 / 1000)
    AND severity = ANY ($3::"SecuritySeverity"[])
    ORDER BY timestamp DESC, id LIMIT $4)
  SELECT s.id, ${toMs('s.timestamp')}, s.event_type, s.severity, s.source, s.target, s.description,
    s.mitigation_applied::integer, s.mitigation_details,
    (SELECT '{' || coalesce(string_agg(to_json(m.key) || ':' || m.value, ','), '') || '}'
      FROM security_event_metadata m WHERE m.event_id = s.id)
  FROM page CROSS JOIN LATERAL (SELECT * FROM security_events s WHERE s.id = page.id OFFSET 0) s
  ORDER BY s.timestamp DESC, s.id`;

const certificateColumns = `c.id, c.subject, c.issuer, ${toMs('c.not_before')}, ${toMs('c.not_after')},
    c.public_key, c.certificate, c.fingerprint, c.status, ${toMs('c.created_at')},
    (SELECT '{' || coalesce(string_agg(to_json(m.key) || ':' || m.value, ','), '') || '}'
      FROM certificate_metadata m WHERE m.certificate_id = c.id)`;

export const getCertificate = `SELECT ${certificateColumns} FROM certificates c WHERE c.fingerprint_key = $1`;

/** Parameters: name, owner, current time (ms), lowest version key, version key above, protocol, capability. */
export const resolve = `SELECT ${agentColumns}, ${certificateColumns}
  FROM agents a JOIN certificates c ON c.id = a.certificate_id
  WHERE a.name = $1 AND a.owner = $2 AND a.status = 'ACTIVE' AND a.expires_at > to_timestamp($3::float8 / 1000)
  AND c.status = 'VALID' AND c.not_before <= to_timestamp($3::float8 / 1000)
  AND c.not_after > to_timestamp($3::float8 / 1000)
  AND a.version_key >= $4 AND a.version_key < $5 AND a.version_key LIKE '%~'
  AND EXISTS (SELECT 1 FROM endpoints e WHERE e.agent_id = a.id AND e.protocol = $6 AND e.health_status <> 'UNHEALTHY')
  AND EXISTS (SELECT 1 FROM agent_capabilities ac JOIN capabilities w ON w.id = ac.capability_id
    WHERE ac.agent_id = a.id AND w.name = $7)
  ORDER BY a.version_key DESC, a.updated_at DESC, a.id LIMIT 1`;

/** Parameter: name of a capability. */
export const facets = `WITH matching AS MATERIALIZED (
    SELECT a.id, a.owner FROM agent_capabilities ac JOIN agents a ON a.id = ac.agent_id
    WHERE ac.capability_id = (SELECT id FROM capabilities WHERE name = $1))
  (SELECT 0, owner AS label, count(*)::integer AS uses, (sum(count(*)) OVER ())::integer FROM matching
    GROUP BY owner ORDER BY uses DESC, label LIMIT 10)
  UNION ALL (SELECT 1, p.protocol, count(*)::integer AS uses, (sum(count(*)) OVER ())::integer
    FROM (SELECT DISTINCT e.protocol, e.agent_id FROM matching m JOIN endpoints e ON e.agent_id = m.id) AS p
    GROUP BY p.protocol ORDER BY uses DESC, p.protocol)
  UNION ALL (SELECT 2, d.value, count(*)::integer AS uses, (sum(count(*)) OVER ())::integer
    FROM matching m JOIN agent_metadata d ON d.agent_id = m.id AND d.key = 'region'
    GROUP BY d.value ORDER BY uses DESC, d.value)`;
