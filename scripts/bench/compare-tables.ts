import { createHash } from 'node:crypto';
import SqliteDriver from 'better-sqlite3';
import { nowMs } from './data';

/** What a contender has written, apart from the ids of capabilities, which each makes for itself. */
const queries = [
  `SELECT * FROM agents WHERE updated_at = ${nowMs} ORDER BY id`,
  `SELECT * FROM endpoints WHERE agent_id IN (SELECT id FROM agents WHERE updated_at = ${nowMs}) ORDER BY agent_id, id`,
  `SELECT * FROM agent_metadata WHERE agent_id IN (SELECT id FROM agents WHERE updated_at = ${nowMs}) ORDER BY agent_id, key`,
  `SELECT ac.agent_id, c.name FROM agent_capabilities ac JOIN capabilities c ON c.id = ac.capability_id ORDER BY 1, 2`,
  'SELECT name FROM capabilities ORDER BY name',
  `SELECT * FROM security_events WHERE timestamp >= ${nowMs} ORDER BY id`,
  `SELECT * FROM security_event_metadata
    WHERE event_id IN (SELECT id FROM security_events WHERE timestamp >= ${nowMs}) ORDER BY event_id, key`,
];

/** A digest of what was written into a database, read without any contender's code. */
export function digestOfTables(path: string): string {
  const driver = new SqliteDriver(path, { readonly: true });
  try {
    const hash = createHash('sha256');
    for (const query of queries) {
      for (const row of driver.prepare<[], unknown[]>(query).raw(true).iterate())
        hash.update(`${JSON.stringify(row)}\n`);
    }
    return hash.digest('hex');
  } finally {
    driver.close();
  }
}
