import type { Dialect } from '../sql/dialect';
import { memoizeByDialect } from '../sql/memoize-by-dialect';
import { chunkRows } from '../sql/chunks';
import { raw, sql, type Sql } from '../sql/sql';
import { defineStatement, type Statement } from '../sql/statement';

/**
 * Parameters of the statements that select holders: the agents that hold a certificate. On SQLite, the statements
 * return the holders in parts. `after` is the row key of the last holder in the previous part; -1 for the first part.
 */
type HolderParameters = Readonly<Record<'certificateId', string> & Record<'after', number>>;

/** Statements about holders, the agents that hold a certificate, for one engine. */
export class HolderStatements {
  /** Selects one row when a holder exists. */
  readonly exists;
  /** Selects one row when a holder of the owner exists. */
  readonly existsOfOwner;
  /**
   * Selects one row with two numbers. The first is 1 when an agent of the owner holds the certificate; the second is 1
   * when an agent of another owner does. Otherwise they are 0 or NULL. On engines with row locks, also locks all
   * holders.
   */
  readonly lockOwners;
  /**
   * Selects the ids of all holders, each with its row key. On PostgreSQL, returns all of them in ascending order, and
   * locks them. On SQLite, returns a part of at most {@link chunkRows} ids, in the order of the row keys; the next part
   * begins after the row key of the last id.
   */
  readonly lockAll;
  /** Selects the holders that a suspension changes, in the same form as {@link lockAll}. */
  readonly lockForSuspension;
  /** Selects the holders that a revocation changes, in the same form as {@link lockAll}. */
  readonly lockForRevocation;
  /** True when the ids of the holders are returned in parts. */
  readonly isStepped: boolean;
  readonly #setStatus;
  readonly #setCertificate;

  constructor(dialect: Dialect) {
    this.isStepped = !dialect.usesRowLocks;
    const lockWhere = (condition: Sql): ((parameters: HolderParameters) => Statement) =>
      defineStatement<HolderParameters>((p) => {
        const key = dialect.rowKey;
        const part = this.isStepped
          ? sql`AND ${key} > ${p('after')} ORDER BY ${key} LIMIT ${raw(String(chunkRows))}`
          : sql`ORDER BY id FOR NO KEY UPDATE`;
        return sql`SELECT id, ${key} FROM agents WHERE certificate_id = ${p('certificateId')} AND ${condition} ${part}`;
      });
    const nextUpdate = (now: Sql): Sql => dialect.nextTime(sql`updated_at`, now);
    this.exists = defineStatement<{ certificateId: string }>(
      (p) => sql`SELECT 1 FROM agents WHERE certificate_id = ${p('certificateId')} LIMIT 1`,
    );
    this.existsOfOwner = defineStatement<{ certificateId: string; owner: string }>(
      (p) => sql`SELECT 1 FROM agents
        WHERE certificate_id = ${p('certificateId')} AND ${dialect.unindexed(sql`owner`)} = ${p('owner')} LIMIT 1`,
    );
    this.lockOwners = defineStatement<{ certificateId: string; owner: string }>((p) => {
      const lock = dialect.usesRowLocks ? sql`ORDER BY id FOR NO KEY UPDATE` : sql``;
      const exists = (comparison: Sql): Sql =>
        sql`max(CASE WHEN h.owner ${comparison} ${p('owner')} THEN 1 ELSE 0 END)`;
      return sql`WITH holders AS MATERIALIZED (
          SELECT owner FROM agents WHERE certificate_id = ${p('certificateId')} ${lock})
        SELECT ${exists(sql`=`)}, ${exists(sql`<>`)} FROM holders h`;
    });
    this.lockAll = lockWhere(sql`TRUE`);
    this.lockForSuspension = lockWhere(sql`status IN ('ACTIVE', 'DEPRECATED')`);
    this.lockForRevocation = lockWhere(sql`status <> 'REVOKED'`);
    this.#setStatus = defineStatement<{ ids: string; status: string; now: number }>(
      (p) => sql`UPDATE agents SET status = ${p('status')}, updated_at = ${nextUpdate(p('now'))}
        WHERE id IN (${dialect.jsonArrayElements(p('ids'))})`,
    );
    this.#setCertificate = defineStatement<{ ids: string; certificateId: string; now: number }>(
      (p) => sql`UPDATE agents SET certificate_id = ${p('certificateId')}, updated_at = ${nextUpdate(p('now'))}
        WHERE id IN (${dialect.jsonArrayElements(p('ids'))})`,
    );
  }

  /** Returns the statement that sets the status of agents. */
  setStatus(ids: readonly string[], status: 'REVOKED' | 'SUSPENDED', nowMs: number): Statement {
    return this.#setStatus({ ids: JSON.stringify(ids), status, now: nowMs });
  }

  /** Returns the statement that attaches agents to another certificate. */
  setCertificate(ids: readonly string[], certificateId: string, nowMs: number): Statement {
    return this.#setCertificate({ ids: JSON.stringify(ids), certificateId, now: nowMs });
  }
}

/** Returns the statements about holders for an engine. */
export const holderStatements = memoizeByDialect((dialect) => new HolderStatements(dialect));
