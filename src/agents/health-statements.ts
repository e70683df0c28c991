import type { Dialect, RecordColumns } from '../sql/dialect';
import { memoizeByDialect } from '../sql/memoize-by-dialect';
import { sql, type Sql } from '../sql/sql';
import { defineStatement } from '../sql/statement';
import { andOwner, defineOwned } from './owned-statement';

const keyColumns: RecordColumns = { position: 'integer', agent_id: 'text', id: 'text' };
const healthColumns: RecordColumns = {
  agent_id: 'text',
  id: 'text',
  status: { enumeration: 'HealthStatus' },
  last_checked: 'time',
  message: 'text',
};

/** Statements that store the health of many endpoints, for one SQL dialect. */
class HealthStatements {
  /**
   * Selects the existing endpoints among `keys`: the position of each key, and the stored status and time. When an
   * owner is given, selects only endpoints of this owner's agents.
   */
  readonly select;
  /**
   * Selects the same rows as {@link select}. Also locks the endpoints and their agents until the end of the
   * transaction, in the order of the ids. When an owner is given, also prevents a change of the owner of these agents.
   * Undefined on engines without row locks.
   *
   * The lock of an agent conflicts with the lock that other calls take before they replace or delete its endpoints.
   * These calls change the endpoints in any order, which could otherwise cause a deadlock. When no owner is given, the
   * lock of an agent does not conflict with a deprecation.
   */
  readonly selectLocked;
  readonly update;

  constructor(dialect: Dialect) {
    const found = (keys: Sql): Sql => sql`SELECT k.position, e.health_status, ${dialect.toMs(sql`e.last_checked`)}
      FROM ${dialect.jsonRecordSet(keys, 'k', keyColumns)}
      JOIN endpoints e ON e.agent_id = k.agent_id AND e.id = k.id`;
    const foundWithAgent = (keys: Sql, owner: Sql | undefined): Sql =>
      sql`${found(keys)} JOIN agents a ON a.id = e.agent_id${andOwner(dialect.unindexed(sql`a.owner`), owner)}`;
    this.select = defineOwned<{ keys: string }>((p, owner) =>
      owner === undefined ? found(p('keys')) : foundWithAgent(p('keys'), owner),
    );
    this.selectLocked = dialect.usesRowLocks
      ? defineOwned<{ keys: string }>(
          (p, owner) => sql`${foundWithAgent(p('keys'), owner)} ORDER BY e.agent_id, e.id
            ${owner === undefined ? sql`FOR KEY SHARE OF a` : sql`FOR SHARE OF a`} FOR NO KEY UPDATE OF e`,
        )
      : undefined;
    this.update = defineStatement<{ health: string }>(
      (p) => sql`UPDATE endpoints
        SET health_status = r.status, last_checked = r.last_checked, health_message = r.message
        FROM ${dialect.jsonRecordSet(p('health'), 'r', healthColumns)}
        WHERE endpoints.agent_id = r.agent_id AND endpoints.id = r.id`,
    );
  }
}

/** Returns the statements that store the health of many endpoints, for a SQL dialect. */
export const healthStatements = memoizeByDialect((dialect) => new HealthStatements(dialect));
