import { createHash } from 'node:crypto';
import { nowMs } from '../data';

/**
 * Queries for what a contender has written, apart from the ids of capabilities, which each makes for itself, and from the
 * chain and the feed, which the package alone keeps.
 *
 * @param now - the time of every write, as the engine stores it.
 */
export function writtenRowQueries(now: string): string[] {
  const written = `(SELECT id FROM agents WHERE updated_at = ${now})`;
  const recorded = `(SELECT id FROM security_events WHERE timestamp >= ${now})`;
  return [
    `SELECT * FROM agents WHERE updated_at = ${now} ORDER BY id`,
    `SELECT * FROM endpoints WHERE agent_id IN ${written} ORDER BY agent_id, id`,
    `SELECT * FROM agent_metadata WHERE agent_id IN ${written} ORDER BY agent_id, key`,
    `SELECT ac.agent_id, c.name FROM agent_capabilities ac JOIN capabilities c ON c.id = ac.capability_id
      WHERE ac.agent_id IN ${written} ORDER BY 1, 2`,
    'SELECT name FROM capabilities ORDER BY name',
    `SELECT * FROM security_events WHERE timestamp >= ${now} ORDER BY id`,
    `SELECT * FROM security_event_metadata WHERE event_id IN ${recorded} ORDER BY event_id, key`,
  ];
}

export const sqliteNow = String(nowMs);
export const postgresqlNow = `TIMESTAMPTZ '${new Date(nowMs).toISOString()}'`;

/** A digest of rows, in their order. */
export function digestOfRows(rows: Iterable<unknown>): string {
  const hash = createHash('sha256');
  for (const row of rows) hash.update(`${JSON.stringify(row)}\n`);
  return hash.digest('hex');
}
