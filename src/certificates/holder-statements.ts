import type { Dialect } from '../sql/dialect';
import { memoizeByDialect } from '../sql/memoize-by-dialect';
import { chunkRows } from '../sql/chunks';
import { raw, sql, type Sql } from '../sql/sql';
import { defineStatement, type Statement } from '../sql/statement';

/** Keyset position of the holders to select: `after` is the key of the last holder of the previous part. */
type HolderPlace = Readonly<Record<'certificateId', string> & Record<'after', number>>;

/** Statements about the agents that hold a certificate, for one engine. */
export class HolderStatements {
  /** Selects one row when a holder exists. */
  readonly exists;
  /**
   * Selects the ids of all holders, each with the key after which the next part begins. On SQLite it returns
   * {@link chunkRows} ids at a time, in no particular order. On PostgreSQL it returns all at once, ascending, and locks
   * them.
   */
  readonly lockAll;
  /** Like {@link lockAll}, for the holders that a suspension changes. */
  readonly lockForSuspension;
  /** Like {@link lockAll}, for the holders that a revocation changes. */
  readonly lockForRevocation;
  /** True when the ids are returned in parts. */
  readonly isStepped: boolean;
  readonly #setStatus;
  readonly #setCertificate;

  constructor(dialect: Dialect) {
    this.isStepped = !dialect.usesRowLocks;
    const lockWhere = (condition: Sql): ((parameters: HolderPlace) => Statement) =>
      defineStatement<HolderPlace>((p) => {
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

  /** Sets the status of agents. */
  setStatus(ids: readonly string[], status: 'REVOKED' | 'SUSPENDED', nowMs: number): Statement {
    return this.#setStatus({ ids: JSON.stringify(ids), status, now: nowMs });
  }

  /** Attaches agents to another certificate. */
  setCertificate(ids: readonly string[], certificateId: string, nowMs: number): Statement {
    return this.#setCertificate({ ids: JSON.stringify(ids), certificateId, now: nowMs });
  }
}

/** Returns the statements of an engine. */
export const holderStatements = memoizeByDialect((dialect) => new HolderStatements(dialect));
