import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseHealth } from './types';
import { classifyError } from '../errors/classify-error';
import type { DatabaseErrorCode } from '../errors/database-error';
import { checkObject, checkWholeNumber, ifDefined } from '../validation/checks';
import type { HealthProbe, ReplicaHealth } from '../storage/health-probe';

const defaultTimeoutMs = 2000;
const names = new Set(['timeoutMs'] as const);

/**
 * Parses the options of `db.health()`. Returns `timeoutMs`, or its default.
 *
 * @throws INVALID_INPUT when the options are invalid
 */
export function parseHealthOptions(input: unknown = {}): number {
  const { timeoutMs } = checkObject(input, 'options', names);
  const check = (value: unknown, field: string): number => checkWholeNumber(value, field, 1, 2 ** 31 - 1);
  return ifDefined(timeoutMs, 'options.timeoutMs', check) ?? defaultTimeoutMs;
}

/** Result of one query of a health probe, or the code of its failure. */
type Answer<T> = { readonly value: T } | { readonly code: DatabaseErrorCode };

/**
 * Probes the health of a database. Never rejects. Takes at most `timeoutMs` milliseconds.
 *
 * @param breaker - current state of the circuit breaker, for the result.
 * @param reportError - called with each INTERNAL error, because the result contains only the code of the error.
 */
export async function probeHealth(
  probe: HealthProbe,
  breaker: DatabaseHealth['breaker'],
  timeoutMs: number,
  reportError: (error: unknown) => void,
): Promise<DatabaseHealth> {
  const end = new AbortController();
  const timeout = sleep(timeoutMs, { code: 'TIMEOUT' } as const, { signal: end.signal });
  // Handles the rejection that `end.abort()` below causes. An unhandled rejection would end the process.
  timeout.catch(() => undefined);
  const ask = <T>(query: () => Promise<T>): Promise<Answer<T>> => Promise.race([answerOf(query, reportError), timeout]);
  const replicasAsked = ask(() => probe.replicas());
  const ping = await ask(() => probe.ping());
  const pending = 'code' in ping ? ping : await ask(() => pendingOf(probe));
  const isUpToDate = 'value' in pending && pending.value.length === 0;
  const warnings: Answer<readonly string[]> = isUpToDate ? await ask(() => probe.warnings()) : { value: [] };
  const answers = { ping, pending, warnings, replicas: await replicasAsked };
  end.abort();
  if (codesOf(answers).includes('TIMEOUT')) probe.abort();
  return toHealth(probe, breaker, answers);
}

async function pendingOf(probe: HealthProbe): Promise<readonly string[]> {
  const { failed, pending } = await probe.migrations();
  return [...failed, ...pending];
}

/** Results of all queries of one health probe. */
interface Answers {
  readonly ping: Answer<number>;
  readonly pending: Answer<readonly string[]>;
  readonly warnings: Answer<readonly string[]>;
  readonly replicas: Answer<readonly ReplicaHealth[]>;
}

function toHealth(probe: HealthProbe, breaker: DatabaseHealth['breaker'], answers: Answers): DatabaseHealth {
  const { ping, pending } = answers;
  const [code] = codesOf(answers);
  const replicas = 'value' in answers.replicas ? answers.replicas.value : [];
  const warnings = 'value' in answers.warnings ? answers.warnings.value : [];
  const isHealthy =
    code === undefined &&
    (breaker === 'closed' || breaker === 'off') &&
    'value' in pending &&
    pending.value.length === 0 &&
    warnings.length === 0 &&
    replicas.every(({ isServing }) => isServing);
  const pool = probe.pool();
  const writerHeldMs = probe.writerHeldMs?.();
  return {
    status: 'code' in ping ? 'down' : isHealthy ? 'up' : 'degraded',
    engine: probe.engine,
    ...('value' in ping ? { latencyMs: ping.value } : undefined),
    ...(code === undefined ? undefined : { code }),
    breaker,
    ...(pool === undefined ? undefined : { pool }),
    ...(writerHeldMs === undefined || writerHeldMs === 0 ? undefined : { writerHeldMs }),
    replicas,
    warnings,
    ...('value' in pending ? { pendingMigrations: pending.value } : undefined),
  };
}

function codesOf({ ping, pending, warnings, replicas }: Answers): DatabaseErrorCode[] {
  return [ping, pending, warnings, replicas].flatMap((answer) => ('code' in answer ? [answer.code] : []));
}

async function answerOf<T>(query: () => Promise<T>, reportError: (error: unknown) => void): Promise<Answer<T>> {
  try {
    return { value: await query() };
  } catch (error) {
    const { code } = classifyError(error);
    if (code === 'INTERNAL') reportError(error);
    return { code };
  }
}
