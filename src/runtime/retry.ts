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
  /** Returns the error code of a failure after which the work can be retried; undefined for any other failure. */
  readonly codeOf: (error: unknown) => DatabaseErrorCode | undefined;
  /** Called before each wait for the next attempt. */
  readonly observe: (code: DatabaseErrorCode, attempt: number, delayMs: number) => void;
  /** Circuit breaker that rejects work while the database is down. It counts all attempts of a call as one call. */
  readonly breaker?: CircuitBreaker | undefined;
}

/** Returns an executor that retries each statement, and each transaction as a whole, after transient failures. */
export function withRetry(executor: Executor, rules: RetryRules): Executor {
  return {
    dialect: executor.dialect,
    query: (statement) => retry(rules, () => executor.query(statement)),
    querySeparately: (statements) => retry(rules, () => executor.querySeparately(statements)),
    withTransaction: (work, beforeCommit) => retry(rules, () => executor.withTransaction(work, beforeCommit)),
  };
}

/**
 * Runs `work`. Repeats it after the failures for which `codeOf` returns a code, within the limits of the policy.
 *
 * @param startMs - time at which the time budget of the policy began.
 * @param attempt - number of the first attempt.
 */
export async function retry<T>(
  rules: RetryRules,
  work: () => Promise<T>,
  startMs = performance.now(),
  attempt = 1,
): Promise<T> {
  const { breaker } = rules;
  const generation = breaker === undefined ? 0 : breaker.admit();
  for (let count = attempt; ; count += 1) {
    try {
      const result = await work();
      breaker?.answered(generation);
      return result;
    } catch (error) {
      const delayMs = delayAfter(rules, error, count, startMs);
      if (delayMs === undefined) {
        recordAttempts(error, count);
        breaker?.failed(generation, error);
        throw error;
      }
      await sleep(delayMs);
    }
  }
}

/**
 * Reports whether another attempt, after a wait of `delayMs` milliseconds, would begin within the time budget of the
 * policy.
 */
export function hasTime({ budgetMs }: RetryPolicy, startMs: number, delayMs: number): boolean {
  return performance.now() - startMs + delayMs < budgetMs;
}

// Returns a random wait in milliseconds before the next attempt, up to the current maximum. Returns undefined when
// there must be no further attempt. A random wait prevents that many clients repeat their calls at the same moment
// ("Exponential Backoff And Jitter", AWS, 2015).
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

/** Returns the error code of a transient failure; undefined for any other error. */
export function transientCode(error: unknown): DatabaseErrorCode | undefined {
  const { code, isTransient } = classifyError(error);
  return isTransient ? code : undefined;
}
