/*
 * Hand-written SQL statements for the schema of this package. A record is one row with its collections as JSON, and a
 * statement finds the ids of a page before it builds records. "CROSS JOIN" keeps the order of the loops. "LIMIT ? + 0"
 * hides the bound value from SQLite, which would otherwise plan the statement again for each value.
 */

const agentColumns = `a.id, a.name, a.public_key, a.certificate_id, a.default_endpoint_id, a.version, a.description,
  a.created_at, a.updated_at, a.expires_at, a.status, a.owner,
  (SELECT json_group_array(json_array(e.id, e.protocol, e.address, e.port, e.health_status, e.last_checked,
      e.health_message, e.metadata) ORDER BY e.position) FROM endpoints e WHERE e.agent_id = a.id),
  (SELECT json_group_array(c.name ORDER BY c.name) FROM agent_capabilities ac
    JOIN capabilities c ON c.id = ac.capability_id WHERE ac.agent_id = a.id),
  (SELECT '{' || coalesce(group_concat(json_quote(m.key) || ':' || m.value, ','), '') || '}'
    FROM agent_metadata m WHERE m.agent_id = a.id)`;

const agentsOfPage = `SELECT ${agentColumns} FROM page CROSS JOIN agents a ON a.id = page.id ORDER BY a.updated_at DESC, a.id`;

export const getAgent = `SELECT ${agentColumns} FROM agents a WHERE a.id = ?`;

/** Starts with the trigram index. Parameters: its query, part of the name, names of capabilities (JSON), limit. */
export const searchAgents = `WITH named AS MATERIALIZED (
    SELECT n.agent_id AS id FROM agent_names_search s CROSS JOIN agent_names n ON n.key = s.rowid
    WHERE s.agent_names_search MATCH ? AND instr(n.name_folded, ?) > 0),
  wanted AS MATERIALIZED (SELECT id FROM capabilities WHERE name IN (SELECT value FROM json_each(?))),
  page AS MATERIALIZED (
    SELECT a.id FROM named CROSS JOIN agents a ON a.id = named.id
    WHERE EXISTS (SELECT 1 FROM wanted w CROSS JOIN agent_capabilities ac
      WHERE ac.agent_id = a.id AND ac.capability_id = w.id)
    ORDER BY a.updated_at DESC, a.id LIMIT ? + 0)
  ${agentsOfPage}`;

/** Starts with the rarest capability. Parameters: names of capabilities (JSON), their number, limit. */
export const agentsWithAll = `WITH wanted AS MATERIALIZED (
    SELECT c.id, (SELECT count(*) FROM (SELECT 1 FROM agent_capabilities u WHERE u.capability_id = c.id LIMIT 1000)) AS uses
    FROM capabilities c WHERE c.name IN (SELECT value FROM json_each(?))),
  rarest AS MATERIALIZED (SELECT id FROM wanted ORDER BY uses LIMIT 1),
  page AS MATERIALIZED (
    SELECT a.id FROM agent_capabilities r CROSS JOIN agents a ON a.id = r.agent_id
    WHERE r.capability_id = (SELECT id FROM rarest)
    AND ? = (SELECT count(*) FROM wanted w CROSS JOIN agent_capabilities ac
      ON ac.agent_id = r.agent_id AND ac.capability_id = w.id)
    ORDER BY a.updated_at DESC, a.id LIMIT ? + 0)
  ${agentsOfPage}`;

export const agentsByFingerprint = `SELECT ${agentColumns} FROM certificates f CROSS JOIN agents a ON a.certificate_id = f.id
  WHERE f.fingerprint_key = ? ORDER BY a.updated_at DESC, a.id`;

export const agentsOfOwner = `WITH page AS MATERIALIZED (
    SELECT id FROM agents WHERE owner = ? ORDER BY updated_at DESC, id LIMIT ? + 0)
  ${agentsOfPage}`;

export const agentsAtOffset = `WITH page AS MATERIALIZED (
    SELECT id FROM agents ORDER BY updated_at DESC, id LIMIT ? + 0 OFFSET ? + 0)
  ${agentsOfPage}`;

/** Parameters: the time of the previous page's last agent, the same again, its id, limit. */
export const agentsAfter = `WITH page AS MATERIALIZED (
    SELECT id FROM agents WHERE updated_at <= ? AND (updated_at < ? OR id > ?) ORDER BY updated_at DESC, id LIMIT ? + 0)
  ${agentsOfPage}`;

export const insertAgent = `INSERT INTO agents (id, name, name_folded, public_key, certificate_id, default_endpoint_id,
  version, version_key, description, created_at, updated_at, expires_at, status, owner)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

export const updateAgent = `UPDATE agents SET name = ?, name_folded = ?, public_key = ?, certificate_id = ?,
  default_endpoint_id = ?, version = ?, version_key = ?, description = ?, created_at = ?, updated_at = ?, expires_at = ?,
  status = ?, owner = ? WHERE id = ? AND (status <> 'REVOKED' OR status = ?)`;

export const insertEndpoint = `INSERT INTO endpoints (agent_id, id, position, protocol, address, port, health_status,
  last_checked) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
export const deleteEndpoints = 'DELETE FROM endpoints WHERE agent_id = ?';

/** Parameters: id of the agent, names of capabilities (JSON). */
export const linkCapabilities = `INSERT INTO agent_capabilities (agent_id, capability_id)
  SELECT ?, c.id FROM json_each(?) n CROSS JOIN capabilities c ON c.name = n.value`;
export const insertCapability = 'INSERT INTO capabilities (id, name) VALUES (?, ?) ON CONFLICT DO NOTHING';
export const unlinkCapabilities = 'DELETE FROM agent_capabilities WHERE agent_id = ? RETURNING capability_id';
export const deleteUnused = `DELETE FROM capabilities WHERE id IN (SELECT value FROM json_each(?))
  AND NOT EXISTS (SELECT 1 FROM agent_capabilities u WHERE u.capability_id = capabilities.id)`;

export const insertMetadata = 'INSERT INTO agent_metadata (agent_id, key, value) VALUES (?, ?, ?)';
export const deleteMetadata = 'DELETE FROM agent_metadata WHERE agent_id = ?';

export const insertEvent = `INSERT INTO security_events (id, timestamp, event_type, severity, source, target, description,
  mitigation_applied, mitigation_details) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
export const insertEventMetadata = 'INSERT INTO security_event_metadata (event_id, key, value) VALUES (?, ?, ?)';

/** Parameters: from, to, two severities, limit. */
export const queryEvents = `WITH page AS MATERIALIZED (
    SELECT id FROM security_events WHERE timestamp BETWEEN ? AND ? AND severity IN (?, ?)
    ORDER BY timestamp DESC, id LIMIT ? + 0)
  SELECT s.id, s.timestamp, s.event_type, s.severity, s.source, s.target, s.description, s.mitigation_applied,
    s.mitigation_details,
    (SELECT '{' || coalesce(group_concat(json_quote(m.key) || ':' || m.value, ','), '') || '}'
      FROM security_event_metadata m WHERE m.event_id = s.id)
  FROM page CROSS JOIN security_events s ON s.id = page.id ORDER BY s.timestamp DESC, s.id`;

const certificateColumns = `c.id, c.subject, c.issuer, c.not_before, c.not_after, c.public_key, c.certificate,
    c.fingerprint, c.status, c.created_at,
    (SELECT '{' || coalesce(group_concat(json_quote(m.key) || ':' || m.value, ','), '') || '}'
      FROM certificate_metadata m WHERE m.certificate_id = c.id)`;

export const getCertificate = `SELECT ${certificateColumns} FROM certificates c WHERE c.fingerprint_key = ?`;

/** Parameters: name, owner, current time three times, lowest version key, version key above, protocol, capability. */
export const resolve = `SELECT ${agentColumns}, ${certificateColumns}
  FROM agents a JOIN certificates c ON c.id = a.certificate_id
  WHERE a.name = ? AND a.owner = ? AND a.status = 'ACTIVE' AND a.expires_at > ?
  AND c.status = 'VALID' AND c.not_before <= ? AND c.not_after > ?
  AND a.version_key >= ? AND a.version_key < ? AND a.version_key LIKE '%~'
  AND EXISTS (SELECT 1 FROM endpoints e WHERE e.agent_id = a.id AND e.protocol = ? AND e.health_status <> 'UNHEALTHY')
  AND EXISTS (SELECT 1 FROM agent_capabilities ac JOIN capabilities w ON w.id = ac.capability_id
    WHERE ac.agent_id = a.id AND w.name = ?)
  ORDER BY a.version_key DESC, a.updated_at DESC, a.id LIMIT 1`;

/** Parameter: name of a capability. */
export const facets = `WITH matching AS MATERIALIZED (
    SELECT a.id, a.owner FROM agent_capabilities ac CROSS JOIN agents a ON a.id = ac.agent_id
    WHERE ac.capability_id = (SELECT id FROM capabilities WHERE name = ?))
  SELECT * FROM (SELECT 0, owner AS label, count(*) AS uses, sum(count(*)) OVER () FROM matching
    GROUP BY owner ORDER BY uses DESC, label LIMIT 10)
  UNION ALL SELECT * FROM (SELECT 1, e.protocol AS label, count(DISTINCT e.agent_id) AS uses,
      sum(count(DISTINCT e.agent_id)) OVER ()
    FROM matching m CROSS JOIN endpoints e ON e.agent_id = m.id GROUP BY e.protocol ORDER BY uses DESC, label)
  UNION ALL SELECT * FROM (SELECT 2, d.value AS label, count(*) AS uses, sum(count(*)) OVER ()
    FROM matching m CROSS JOIN agent_metadata d ON d.agent_id = m.id AND d.key = 'region'
    GROUP BY d.value ORDER BY uses DESC, label)`;
