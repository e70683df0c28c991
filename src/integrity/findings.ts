import { classifyError } from '../errors/classify-error';
import type { DatabaseErrorCode } from '../errors/database-error';
import { checkObject, checkWholeNumber, ifDefined } from '../validation/checks';
import type { CheckFinding, FindingSink } from '../storage/findings';
import type { CheckReport } from './types';

const optionNames = new Set(['maxFindings'] as const);
const maxReportedFindings = 10_000;

/**
 * Codes of errors that do not show damage of the stored data. `check()` rejects with such an error. For any other
 * error, `check()` adds a finding.
 */
const passingCodes: ReadonlySet<DatabaseErrorCode> = new Set([
  'BUSY',
  'CONFLICT',
  'DRIVER_UNAVAILABLE',
  'STORAGE_FULL',
  'TIMEOUT',
  'UNAVAILABLE',
]);

/**
 * Collects the findings of `db.check()`. Counts all findings, and stores the first `maxFindings` of them for the
 * report.
 */
export class Findings implements FindingSink {
  readonly #maxFindings: number;
  readonly #kept: CheckFinding[] = [];
  readonly #skipped: string[] = [];
  readonly #warnings: string[] = [];
  #total = 0;
  #pending = 0;

  /**
   * Creates an empty list of findings.
   *
   * @param options - {@link CheckOptions} of the caller, not validated yet.
   * @throws INVALID_INPUT when the options are invalid
   */
  constructor(options: unknown = {}) {
    const { maxFindings } = checkObject(options, 'options', optionNames);
    const check = (value: unknown, field: string): number => checkWholeNumber(value, field, 0, maxReportedFindings);
    this.#maxFindings = ifDefined(maxFindings, 'maxFindings', check) ?? 100;
  }

  add(finding: CheckFinding): void {
    this.#total += 1;
    if (this.#kept.length < this.#maxFindings) this.#kept.push(finding);
  }

  async checkPart(part: string, check: () => Promise<void>): Promise<void> {
    try {
      await check();
    } catch (error) {
      const { code, message, isReported } = classifyError(error);
      const isFaultOfPackage = code === 'INTERNAL' && !isReported;
      if (passingCodes.has(code) || isFaultOfPackage) throw error;
      const kind = code === 'SCHEMA_OUTDATED' ? 'schema' : 'unreadable';
      this.add({ check: kind, message: `${part} cannot be read completely: ${message}` });
    }
  }

  /** Reports a part of the database that could not be checked. */
  skip(reason: string): void {
    this.#skipped.push(reason);
  }

  /** Reports a state of the database that is not damage but can cause harm. */
  warn(message: string): void {
    this.#warnings.push(message);
  }

  /**
   * Reports the number of events and mitigations that are not in the event chain yet, so that they were not verified.
   */
  reportPending(count: number): void {
    this.#pending = count;
  }

  toReport(): CheckReport {
    return {
      ok: this.#total === 0,
      findings: this.#kept,
      total: this.#total,
      skipped: this.#skipped,
      warnings: this.#warnings,
      pendingEntries: this.#pending,
    };
  }
}
