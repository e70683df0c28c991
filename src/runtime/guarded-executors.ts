import type { Call } from '../diagnostics/call';
import type { Diagnostics } from '../diagnostics/diagnostics';
import type { Operation } from '../errors/operation';
import type { RetryPolicy } from '../options/resolve-options';
import type { Engine } from '../storage/engine';
import type { Executor, StatementObserver } from '../storage/executor';
import type { CircuitBreaker } from './circuit-breaker';
import { statementObserver } from './perform';
import { transientCode, withRetry, type RetryRules } from './retry';

/** Creates executors of statements that report events, retry after transient failures and use the circuit breaker. */
export class GuardedExecutors {
  readonly #diagnostics: Diagnostics;
  readonly #policy: RetryPolicy;
  readonly #breaker: CircuitBreaker | undefined;
  /**
   * Executors for calls without a listener, by operation. Such calls share an executor, which depends only on the
   * engine and the operation.
   */
  readonly #unobserved = new Map<Operation, Executor>();
  #engine: Engine | undefined;

  constructor(diagnostics: Diagnostics, policy: RetryPolicy, breaker: CircuitBreaker | undefined) {
    this.#diagnostics = diagnostics;
    this.#policy = policy;
    this.#breaker = breaker;
  }

  /**
   * Creates the executor through which one call runs its statements.
   *
   * @param call - the call; undefined when no listener receives its events.
   * @param mayBeBehind - true when a replica may answer the reads of the call.
   */
  create(engine: Engine, operation: Operation, call: Call | undefined, mayBeBehind: boolean): Executor {
    const observe = statementObserver(call);
    const guarded =
      call === undefined ? this.#unobservedExecutor(engine, operation) : this.#guard(engine, operation, call, observe);
    // Reads from a replica without the circuit breaker, which concerns only the primary, and without retries: if the
    // replica fails, the primary answers.
    return mayBeBehind ? (engine.preferReplicas?.(guarded, observe) ?? guarded) : guarded;
  }

  // Returns a cached executor, because creating one for each call would take longer than all other parts of a read by
  // id.
  #unobservedExecutor(engine: Engine, operation: Operation): Executor {
    if (this.#engine !== engine) {
      this.#engine = engine;
      this.#unobserved.clear();
    }
    const known = this.#unobserved.get(operation);
    if (known !== undefined) return known;
    const created = this.#guard(engine, operation);
    this.#unobserved.set(operation, created);
    return created;
  }

  #guard(engine: Engine, operation: Operation, call?: Call, observe?: StatementObserver): Executor {
    const executor = engine.createExecutor(observe);
    const isGuarded = this.#policy.attempts > 1 || this.#breaker !== undefined;
    return isGuarded ? withRetry(executor, this.rules(operation, call)) : executor;
  }

  /** Returns the rules for retrying the statements of an operation. */
  rules(operation: Operation, call: Call | undefined): RetryRules {
    return {
      policy: this.#policy,
      codeOf: transientCode,
      observe: this.retryObserver(operation, call),
      breaker: this.#breaker,
    };
  }

  /** Returns the function that reports each retry of an operation. */
  retryObserver(operation: Operation, call: Call | undefined): RetryRules['observe'] {
    return (code, attempt, delayMs) => {
      call?.retriedAfter(attempt);
      this.#diagnostics.retrying(operation, code, attempt, delayMs);
    };
  }
}
