import type { CheckFinding } from '../storage/findings';

/** Result of `db.check()`. */
export interface CheckReport {
  /** True when the check has no findings, even if parts of it were skipped. */
  readonly ok: boolean;
  /** First findings of the check, at most `maxFindings`. */
  readonly findings: readonly CheckFinding[];
  /** Total number of findings, including those that `findings` omits. */
  readonly total: number;
  /** Checks that could not run, each with the reason. Empty when all checks ran. */
  readonly skipped: readonly string[];
  /** Risks that are not damage yet, such as a second name (hard link) of a SQLite file. Warnings do not affect `ok`. */
  readonly warnings: readonly string[];
  /**
   * Number of events and mitigations that were not verified, because they were not in the event chain yet. Always 0 on
   * SQLite. On PostgreSQL, 0 unless other calls record events meanwhile, or this connection cannot write.
   */
  readonly pendingEntries: number;
}

/**
 * Options of `db.check()`.
 *
 * @example
 * ```ts
 * const { ok, total } = await db.check({ maxFindings: 0 });
 * ```
 */
export interface CheckOptions {
  /**
   * Maximum number of findings in the report, from 0 to 10000. `total` counts all findings.
   *
   * @defaultValue 100
   */
  maxFindings?: number | undefined;
}
