import type { Dialect } from '../sql/dialect';
import { perEngine } from '../sql/per-engine';
import { sql, type Sql } from '../sql/sql';
import { defineStatement, type Statement } from '../sql/statement';

/** The statements of the agents that hold a certificate, on one engine. */
export class HolderStatements {
  /** Whether there is one. */
  readonly exists;
  /** The ids of all of them, ascending; so are those of the next two. Locked where several transactions may write. */
  readonly lockAll;
  /** Of those that a suspension concerns. */
  readonly lockForSuspension;
  /** Of those that a revocation concerns. */
  readonly lockForRevocation;
  readonly #setStatus;
  readonly #setCertificate;

  constructor(dialect: Dialect) {
    const lockWhere = (condition: Sql): ((parameters: { certificateId: string }) => Statement) =>
      defineStatement<{ certificateId: string }>(
        (p) => sql`SELECT id FROM agents WHERE certificate_id = ${p('certificateId')} AND ${condition} ORDER BY id
          ${dialect.hasConcurrentWriters ? sql`FOR NO KEY UPDATE` : sql``}`,
      );
    const nextUpdate = (now: Sql): Sql => dialect.nextTime(sql`updated_at`, now);
    this.exists = defineStatement<{ certificateId: string }>(
      (p) => sql`SELECT 1 FROM agents WHERE certificate_id = ${p('certificateId')} LIMIT 1`,
    );
    this.lockAll = lockWhere(sql`TRUE`);
    this.lockForSuspension = lockWhere(sql`status IN ('ACTIVE', 'DEPRECATED')`);
    this.lockForRevocation = lockWhere(sql`status <> 'REVOKED'`);
    this.#setStatus = defineStatement<{ ids: string; status: string; now: number }>(
      (p) => sql`UPDATE agents SET status = ${p('status')}, updated_at = ${nextUpdate(p('now'))}
        WHERE id IN (${dialect.elements(p('ids'))})`,
    );
    this.#setCertificate = defineStatement<{ ids: string; certificateId: string; now: number }>(
      (p) => sql`UPDATE agents SET certificate_id = ${p('certificateId')}, updated_at = ${nextUpdate(p('now'))}
        WHERE id IN (${dialect.elements(p('ids'))})`,
    );
  }

  setStatus(ids: readonly string[], status: 'REVOKED' | 'SUSPENDED', nowMs: number): Statement {
    return this.#setStatus({ ids: JSON.stringify(ids), status, now: nowMs });
  }

  setCertificate(ids: readonly string[], certificateId: string, nowMs: number): Statement {
    return this.#setCertificate({ ids: JSON.stringify(ids), certificateId, now: nowMs });
  }
}

export const holderStatements = perEngine((dialect) => new HolderStatements(dialect));
