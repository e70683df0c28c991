import { setTimeout as sleep } from 'node:timers/promises';
import { classifyError } from '../errors/classify-error';
import type { DatabaseErrorCode } from '../errors/database-error';
import { Failure } from '../errors/failure';
import type { RetryPolicy } from '../options/resolve-options';
import type { Executor } from './executor';

/** Told before each wait. */
export type RetryObserver = (code: DatabaseErrorCode, attempt: number, delayMs: number) => void;

/**
 * An executor whose statements are tried again after transient failures: each as the whole that it is, so that what was
 * rolled back happens once or not at all. Waits with full jitter ("Exponential Backoff And Jitter", AWS, 2015).
 */
export function withRetry(executor: Executor, policy: RetryPolicy, observe: RetryObserver): Executor {
  const retry = <T>(work: () => Promise<T>): Promise<T> => retryTransient(policy, observe, work);
  return {
    dialect: executor.dialect,
    query: (statement) => retry(() => executor.query(statement)),
    atomic: (statements, conclude) => retry(() => executor.atomic(statements, conclude)),
    prisma: (work) => retry(() => executor.prisma(work)),
  };
}

async function retryTransient<T>(policy: RetryPolicy, observe: RetryObserver, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const code = transientCode(error);
      if (code === undefined || attempt >= policy.attempts) throw error;
      const delayMs = Math.random() * Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (attempt - 1));
      observe(code, attempt, delayMs);
      await sleep(delayMs);
    }
  }
}

// A failure of our own is a verdict; only what the driver reports may be passing.
function transientCode(error: unknown): DatabaseErrorCode | undefined {
  if (error instanceof Failure) return undefined;
  const { code, retryable } = classifyError(error);
  return retryable ? code : undefined;
}
