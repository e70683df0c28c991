import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseHealth } from './types';
import { classifyError } from '../errors/classify-error';
import type { DatabaseErrorCode } from '../errors/database-error';
import { checkObject, checkWholeNumber, ifDefined } from '../validation/checks';
import type { HealthProbe } from '../storage/health-probe';

const defaultTimeoutMs = 2000;
const names = new Set(['timeoutMs'] as const);

/** Returns the maximum time of a health probe in milliseconds. @throws INVALID_INPUT */
export function parseHealthOptions(input: unknown = {}): number {
  const { timeoutMs } = checkObject(input, 'options', names);
  const check = (value: unknown, field: string): number => checkWholeNumber(value, field, 1, 2 ** 31 - 1);
  return ifDefined(timeoutMs, 'options.timeoutMs', check) ?? defaultTimeoutMs;
}

/** Answer of the database, or the reason why there is none. */
type Answer<T> = { readonly value: T } | { readonly code: DatabaseErrorCode };

/**
 * Probes the health of a database. Never fails, and takes at most `timeoutMs`.
 *
 * @param reportFault - called with an error that is a fault of this package: the result contains only its code.
 */
export async function probeHealth(
  vitals: HealthProbe,
  breaker: DatabaseHealth['breaker'],
  timeoutMs: number,
  reportFault: (error: unknown) => void,
): Promise<DatabaseHealth> {
  const end = new AbortController();
  const tooLate = sleep(timeoutMs, { code: 'TIMEOUT' } as const, { signal: end.signal });
  // Each waiting probe reports the timeout in its own result.
  tooLate.catch(() => undefined);
  const ask = async <T>(question: () => Promise<T>): Promise<Answer<T>> =>
    Promise.race([answerOf(question, reportFault), tooLate]);
  const asked = ask(() => vitals.replicas());
  const ping = await ask(() => vitals.ping());
  const pending = 'code' in ping ? ping : await ask(() => vitals.pendingMigrations());
  const isUpToDate = 'value' in pending && pending.value.length === 0;
  const warnings: Answer<readonly string[]> = isUpToDate ? await ask(() => vitals.warnings()) : { value: [] };
  const replicas = await asked;
  end.abort();
  const answers = [ping, pending, warnings, replicas];
  const codes = answers.flatMap((answer) => ('code' in answer ? [answer.code] : []));
  if (codes.includes('TIMEOUT')) vitals.abort();
  const used = 'value' in replicas ? replicas.value : [];
  const told = 'value' in warnings ? warnings.value : [];
  const isWhole =
    codes.length === 0 &&
    (breaker === 'closed' || breaker === 'off') &&
    isUpToDate &&
    told.length === 0 &&
    used.every(({ isServing }) => isServing);
  const pool = vitals.pool();
  const writerHeldMs = vitals.writerHeldMs?.();
  return {
    status: 'code' in ping ? 'down' : isWhole ? 'up' : 'degraded',
    engine: vitals.engine,
    ...('value' in ping ? { latencyMs: ping.value } : undefined),
    ...(codes[0] === undefined ? undefined : { code: codes[0] }),
    breaker,
    ...(pool === undefined ? undefined : { pool }),
    ...(writerHeldMs === undefined || writerHeldMs === 0 ? undefined : { writerHeldMs }),
    replicas: used,
    warnings: told,
    ...('value' in pending ? { pendingMigrations: pending.value } : undefined),
  };
}

async function answerOf<T>(question: () => Promise<T>, reportFault: (error: unknown) => void): Promise<Answer<T>> {
  try {
    return { value: await question() };
  } catch (error) {
    const { code } = classifyError(error);
    if (code === 'INTERNAL') reportFault(error);
    return { code };
  }
}
