import { checkObject, checkWholeNumber, ifDefined } from '../validation/checks';
import type { CheckFinding, FindingSink } from '../storage/findings';
import type { CheckReport } from './types';

const optionNames = new Set(['maxFindings'] as const);
const mostFindings = 10_000;

/** Collects findings: counts all of them, and keeps as many as requested. */
export class Findings implements FindingSink {
  readonly #most: number;
  readonly #kept: CheckFinding[] = [];
  readonly #skipped: string[] = [];
  readonly #warnings: string[] = [];
  #total = 0;

  /** @throws INVALID_INPUT where `options` are no {@link CheckOptions}. */
  constructor(options: unknown = {}) {
    const { maxFindings } = checkObject(options, 'options', optionNames);
    const check = (value: unknown, field: string): number => checkWholeNumber(value, field, 0, mostFindings);
    this.#most = ifDefined(maxFindings, 'maxFindings', check) ?? 100;
  }

  add(finding: CheckFinding): void {
    this.#total += 1;
    if (this.#kept.length < this.#most) this.#kept.push(finding);
  }

  /** Reports a part that could not be checked. */
  skip(reason: string): void {
    this.#skipped.push(reason);
  }

  /** Reports a state that is not damage but can cause harm. */
  warn(message: string): void {
    this.#warnings.push(message);
  }

  toReport(): CheckReport {
    return {
      ok: this.#total === 0,
      findings: this.#kept,
      total: this.#total,
      skipped: this.#skipped,
      warnings: this.#warnings,
    };
  }
}
