import type { Diagnostics } from '../diagnostics/diagnostics';
import type { Operation } from '../errors/operation';
import type { RetryPolicy } from '../options/resolve-options';
import type { Engine } from '../storage/engine';
import type { Executor } from '../storage/executor';
import type { CircuitBreaker } from './circuit-breaker';
import { statementObserver } from './perform';
import { transientCode, withRetry, type RetryRules } from './retry';

/** Creates the executors of calls: observed, retried after transient failures, and guarded by the circuit breaker. */
export class GuardedExecutors {
  readonly #diagnostics: Diagnostics;
  readonly #policy: RetryPolicy;
  readonly #breaker: CircuitBreaker | undefined;

  constructor(diagnostics: Diagnostics, policy: RetryPolicy, breaker: CircuitBreaker | undefined) {
    this.#diagnostics = diagnostics;
    this.#policy = policy;
    this.#breaker = breaker;
  }

  /** Creates the executor of one call. @param mayBeBehind - true when a replica may answer its reads. */
  create(engine: Engine, operation: Operation, mayBeBehind: boolean): Executor {
    const observe = statementObserver(this.#diagnostics, operation);
    const executor = engine.createExecutor(observe);
    const isGuarded = this.#policy.attempts > 1 || this.#breaker !== undefined;
    const guarded = isGuarded ? withRetry(executor, this.rules(operation)) : executor;
    // Reads of replicas pass neither the breaker nor the retries, because the breaker observes only the primary.
    return mayBeBehind ? (engine.preferReplicas?.(guarded, observe) ?? guarded) : guarded;
  }

  /** Returns the rules for retrying an operation. */
  rules(operation: Operation): RetryRules {
    return {
      policy: this.#policy,
      codeOf: transientCode,
      observe: this.retryObserver(operation),
      breaker: this.#breaker,
    };
  }

  /** Returns the observer of an operation's retries. */
  retryObserver(operation: Operation): RetryRules['observe'] {
    return (code, attempt, delayMs) => this.#diagnostics.retrying(operation, code, attempt, delayMs);
  }
}
