import { nowMs } from '../data';

/**
 * Returns queries for the rows that a contender has written. They omit the ids of capabilities, because each contender
 * generates its own, and the event chain and the change feed, which only this package writes.
 *
 * @param now - the time of every write, as an SQL literal of the engine.
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
