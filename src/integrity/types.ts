import type { CheckFinding } from '../storage/findings';

/** Result of a check. */
export interface CheckReport {
  /** True when there are no findings. Skipped checks do not count. */
  readonly ok: boolean;
  /** The first findings, `maxFindings` at most. */
  readonly findings: readonly CheckFinding[];
  /** Total number of findings. */
  readonly total: number;
  /** Checks that could not run here, with the reason; empty when all of them ran. */
  readonly skipped: readonly string[];
  /** States that are correct today but can cause harm, such as a second name of a SQLite file. `ok` ignores them. */
  readonly warnings: readonly string[];
}

/** Options of a check. */
export interface CheckOptions {
  /** Maximum number of findings to report, 0 to 10000; all findings are counted. Default: 100. */
  maxFindings?: number | undefined;
}
