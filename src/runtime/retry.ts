import { setTimeout as sleep } from 'node:timers/promises';
import { recordAttempts } from '../errors/attempts';
import { classifyError } from '../errors/classify-error';
import type { DatabaseErrorCode } from '../errors/database-error';
import type { RetryPolicy } from '../options/resolve-options';
import type { CircuitBreaker } from './circuit-breaker';
import type { Executor } from '../storage/executor';

/** Rules for retrying failed calls. */
export interface RetryRules {
  readonly policy: RetryPolicy;
  /** The code of a failure that is passing; undefined for any other. */
  readonly codeOf: (error: unknown) => DatabaseErrorCode | undefined;
  /** Called before each wait. */
  readonly observe: (code: DatabaseErrorCode, attempt: number, delayMs: number) => void;
  /** Circuit breaker that rejects work while the database is down; it is asked once for all attempts. */
  readonly breaker?: CircuitBreaker | undefined;
}

/**
 * An executor whose statements are tried again after transient failures: each as the whole that it is, so that what was
 * rolled back happens once or not at all.
 */
export function withRetry(executor: Executor, rules: RetryRules): Executor {
  return {
    dialect: executor.dialect,
    query: (statement) => retry(rules, () => executor.query(statement)),
    withTransaction: (work, beforeCommit) => retry(rules, () => executor.withTransaction(work, beforeCommit)),
  };
}

/**
 * Does `work` again while it fails for a passing reason.
 *
 * @param startMs - when the time that the policy gives has begun.
 * @param attempt - the number of the first attempt.
 */
export async function retry<T>(
  rules: RetryRules,
  work: () => Promise<T>,
  startMs = performance.now(),
  attempt = 1,
): Promise<T> {
  const { breaker } = rules;
  const era = breaker === undefined ? 0 : breaker.admit();
  for (let count = attempt; ; count += 1) {
    try {
      const result = await work();
      breaker?.answered(era);
      return result;
    } catch (error) {
      const delayMs = delayAfter(rules, error, count, startMs);
      if (delayMs === undefined) {
        recordAttempts(error, count);
        breaker?.failed(era, error);
        throw error;
      }
      await sleep(delayMs);
    }
  }
}

/** Reports whether the policy has time for another attempt after a wait of `delayMs`. */
export function hasTime({ budgetMs }: RetryPolicy, startMs: number, delayMs: number): boolean {
  return performance.now() - startMs + delayMs < budgetMs;
}

// Waits with full jitter ("Exponential Backoff And Jitter", AWS, 2015). Undefined where there is no other attempt.
function delayAfter(
  { policy, codeOf, observe }: RetryRules,
  error: unknown,
  attempt: number,
  startMs: number,
): number | undefined {
  if (attempt >= policy.attempts) return undefined;
  const code = codeOf(error);
  if (code === undefined) return undefined;
  const delayMs = Math.random() * Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (attempt - 1));
  if (!hasTime(policy, startMs, delayMs)) return undefined;
  observe(code, attempt, delayMs);
  return delayMs;
}

/** Returns the code of a transient failure; undefined for any other error. */
export function transientCode(error: unknown): DatabaseErrorCode | undefined {
  const { code, isTransient } = classifyError(error);
  return isTransient ? code : undefined;
}
