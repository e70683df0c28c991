import { setTimeout as sleep } from 'node:timers/promises';
import { classifyError } from '../errors/classify-error';
import type { DatabaseErrorCode } from '../errors/database-error';
import { Failure } from '../errors/failure';
import { isConnectTimeout } from '../errors/postgresql-failure';
import type { RetryPolicy } from '../options/resolve-options';
import type { Executor } from './executor';

/** Told before each wait. */
export type RetryObserver = (code: DatabaseErrorCode, attempt: number, delayMs: number) => void;

/**
 * An executor whose statements are tried again after transient failures: each as the whole that it is, so that what was
 * rolled back happens once or not at all.
 */
export function withRetry(executor: Executor, policy: RetryPolicy, observe: RetryObserver): Executor {
  const attempt = <T>(work: () => Promise<T>): Promise<T> => retry(policy, transientCode, observe, work);
  return {
    dialect: executor.dialect,
    query: (statement) => attempt(() => executor.query(statement)),
    atomic: (work) => attempt(() => executor.atomic(work)),
    prisma: (work) => attempt(() => executor.prisma(work)),
  };
}

/**
 * Does `work` again while `codeOf` finds what it throws to be passing. Waits with full jitter ("Exponential Backoff And
 * Jitter", AWS, 2015).
 */
export async function retry<T>(
  policy: RetryPolicy,
  codeOf: (error: unknown) => DatabaseErrorCode | undefined,
  observe: RetryObserver,
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined || attempt >= policy.attempts) throw error;
      const delayMs = Math.random() * Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (attempt - 1));
      observe(code, attempt, delayMs);
      await sleep(delayMs);
    }
  }
}

// A failure of our own is a verdict; only what the driver reports may be passing. What has taken its time once already
// would take it again, and the caller would wait for a multiple of what the options say.
function transientCode(error: unknown): DatabaseErrorCode | undefined {
  if (error instanceof Failure) return undefined;
  const { code, retryable } = classifyError(error);
  return retryable && code !== 'TIMEOUT' && !isConnectTimeout(error) ? code : undefined;
}
