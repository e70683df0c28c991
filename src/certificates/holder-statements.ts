import type { Dialect } from '../sql/dialect';
import { memoizeByDialect } from '../sql/memoize-by-dialect';
import { chunkRows } from '../sql/chunks';
import { raw, sql, type Sql } from '../sql/sql';
import { defineStatement, type Statement } from '../sql/statement';
import { isHeldOnlyBy } from './held-only-by';

/** Position of a holder in the order in which SQLite returns holders. */
export interface HolderPosition {
  readonly owner: string;
  readonly key: number;
}

/** Position before all holders. No owner is empty. */
export const beforeHolders: HolderPosition = { owner: '', key: -1 };

/**
 * Parameters of the statements that select holders: the agents that hold a certificate. On SQLite, the statements
 * return the holders in parts, each after the position of the last holder in the previous part.
 */
type HolderParameters = Readonly<Record<'certificateId' | 'owner', string> & Record<'key', number>>;

/** Statements about holders, the agents that hold a certificate, for one engine. */
export class HolderStatements {
  /** Selects one row when a holder exists. */
  readonly exists;
  /**
   * Selects one row with two numbers. The first is 1 when an agent of the owner holds the certificate, and otherwise 0
   * or NULL. Only if it is 1, the second has a meaning: it is 1 when an agent of another owner also holds the
   * certificate, and otherwise 0.
   */
  readonly selectOwners;
  /** Selects the same numbers, and locks all holders. Undefined on engines without row locks. */
  readonly lockOwners;
  /**
   * Selects the ids of all holders, each with its owner and its row key. On PostgreSQL, returns all of them in ascending
   * order, and locks them. On SQLite, returns a part of at most {@link chunkRows} ids, in the order of the index: by
   * owner and row key.
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
    const key = dialect.rowKey;
    const lockWhere = (condition: Sql): ((parameters: HolderParameters) => Statement) =>
      defineStatement<HolderParameters>((p) => {
        const select = (position: Sql): Sql =>
          sql`SELECT id, owner, ${key} FROM agents WHERE certificate_id = ${p('certificateId')} AND ${condition} ${position}`;
        if (!this.isStepped) return select(sql`ORDER BY id FOR NO KEY UPDATE`);
        // With the comparison `(owner, key) > (?, ?)`, SQLite would search the index only by the owner, and read all
        // earlier holders of the same owner again. Therefore the statement consists of two searches.
        const limit = raw(String(chunkRows));
        const partWhere = (position: Sql): Sql => select(sql`AND ${position} ORDER BY owner, ${key} LIMIT ${limit}`);
        return sql`SELECT * FROM (${partWhere(sql`owner = ${p('owner')} AND ${key} > ${p('key')}`)}) UNION ALL
          SELECT * FROM (${partWhere(sql`owner > ${p('owner')}`)}) ORDER BY 2, 3 LIMIT ${limit}`;
      });
    const nextUpdate = (now: Sql): Sql => dialect.nextTime(sql`updated_at`, now);
    this.exists = defineStatement<{ certificateId: string }>(
      (p) => sql`SELECT 1 FROM agents WHERE certificate_id = ${p('certificateId')} LIMIT 1`,
    );
    this.selectOwners = defineStatement<{ certificateId: string; owner: string }>(
      (p) => sql`SELECT
        (SELECT 1 FROM agents WHERE certificate_id = ${p('certificateId')} AND owner = ${p('owner')} LIMIT 1),
        CASE WHEN ${isHeldOnlyBy(p('certificateId'), p('owner'))} THEN 0 ELSE 1 END`,
    );
    this.lockOwners = dialect.usesRowLocks
      ? defineStatement<{ certificateId: string; owner: string }>((p) => {
          const exists = (comparison: Sql): Sql =>
            sql`max(CASE WHEN h.owner ${comparison} ${p('owner')} THEN 1 ELSE 0 END)`;
          return sql`WITH holders AS MATERIALIZED (
              SELECT owner FROM agents WHERE certificate_id = ${p('certificateId')} ORDER BY id FOR NO KEY UPDATE)
            SELECT ${exists(sql`=`)}, ${exists(sql`<>`)} FROM holders h`;
        })
      : undefined;
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

/** Returns the statements about the agents that hold a certificate, for an engine. */
export const holderStatements = memoizeByDialect((dialect) => new HolderStatements(dialect));
