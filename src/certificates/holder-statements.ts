import type { Dialect } from '../sql/dialect';
import { memoizeByDialect } from '../sql/memoize-by-dialect';
import { chunkRows } from '../sql/chunks';
import { raw, sql, type Sql } from '../sql/sql';
import { defineStatement, type Statement } from '../sql/statement';
import { isHeldOnlyBy } from './held-only-by';

/** Position of a holder, an agent that holds a certificate, in the order in which SQLite returns the holders. */
export interface HolderPosition {
  readonly owner: string;
  readonly key: number;
}

/** Position before the first holder of a certificate. An owner is never an empty text. */
export const beforeHolders: HolderPosition = { owner: '', key: -1 };

/**
 * Parameters of the statements that select the holders of a certificate, the agents that hold it. On SQLite, each
 * statement returns one part of the holders: those after the last holder of the previous part.
 */
type HolderParameters = Readonly<Record<'certificateId' | 'owner', string> & Record<'key', number>>;

/** Statements, for one engine, about the holders of a certificate: the agents that hold it. */
export class HolderStatements {
  /** Selects one row when at least one agent holds the certificate. */
  readonly exists;
  /**
   * Selects one row with two numbers. The first number is 1 when an agent of the owner holds the certificate, otherwise
   * 0 or NULL. The second number is 1 when an agent of another owner also holds it, otherwise 0. Ignore the second
   * number unless the first one is 1.
   */
  readonly selectOwners;
  /**
   * Selects the same two numbers as {@link selectOwners}, and locks all holders. Undefined on engines without row
   * locks.
   */
  readonly lockOwners;
  /**
   * Selects the ids of all agents that hold the certificate, each with its owner and its row key. On PostgreSQL,
   * returns all ids in ascending order, and locks the agents. On SQLite, returns at most {@link chunkRows} ids, ordered
   * by owner and row key like the index.
   */
  readonly lockAll;
  /** Selects the agents that a suspension changes, in the same form as {@link lockAll}. */
  readonly lockForSuspension;
  /** Selects the agents that a revocation changes, in the same form as {@link lockAll}. */
  readonly lockForRevocation;
  /** True when each statement returns only a part of the holders' ids. */
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
        // Composes two searches instead of the comparison `(owner, key) > (?, ?)`. For that comparison, SQLite would
        // search the index only by the owner, and read all agents of this owner again.
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

  /** Returns the statement that sets the status of the agents with the given ids. */
  setStatus(ids: readonly string[], status: 'REVOKED' | 'SUSPENDED', nowMs: number): Statement {
    return this.#setStatus({ ids: JSON.stringify(ids), status, now: nowMs });
  }

  /** Returns the statement that attaches the agents with the given ids to another certificate. */
  setCertificate(ids: readonly string[], certificateId: string, nowMs: number): Statement {
    return this.#setCertificate({ ids: JSON.stringify(ids), certificateId, now: nowMs });
  }
}

/** Returns the statements about the agents that hold a certificate, for an engine. */
export const holderStatements = memoizeByDialect((dialect) => new HolderStatements(dialect));
