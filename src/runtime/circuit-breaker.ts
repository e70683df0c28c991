import type { BreakerState } from '../diagnostics/types';
import { classifyError } from '../errors/classify-error';
import { Failure } from '../errors/failure';
import type { BreakerSettings } from '../options/resolve-options';

/**
 * Minimum time in milliseconds between two counted failures of calls that were in flight at the same time. Without it,
 * one short interruption with many calls in flight would open the breaker.
 */
const burstMs = 1000;

/**
 * After this multiple of `resetMs`, but not before `minProbeTimeoutMs` milliseconds, the breaker admits another probe
 * although the previous one is still running.
 */
const probeTimeoutFactor = 10;
const minProbeTimeoutMs = 1000;

/**
 * Circuit breaker: rejects calls while the database is known to be down. So callers do not wait for the failure, and
 * the database is not overloaded when it recovers. While the database is up, it costs a comparison before and after
 * each call.
 */
export class CircuitBreaker {
  readonly #settings: BreakerSettings;
  readonly #observe: (state: BreakerState, failures: number) => void;
  #state: BreakerState = 'closed';
  /** Number of consecutive failures. It is 0 only while the state is `closed`. */
  #failures = 0;
  /**
   * Increases with each counted failure and each change of the state. It shows whether a result belongs to a call that
   * began before the last of these events.
   */
  #generation = 0;
  #lastFailureAt = Number.NEGATIVE_INFINITY;
  #lastError: unknown;
  #nextProbeAt = Number.NEGATIVE_INFINITY;

  /** @param observe - called after each change of the state. */
  constructor(settings: BreakerSettings, observe: (state: BreakerState, failures: number) => void) {
    this.#settings = settings;
    this.#observe = observe;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /**
   * Lets a call begin. Pass the returned number to {@link answered} or {@link failed} when it ends.
   *
   * @throws UNAVAILABLE while the database is known to be down, except for an occasional call that probes it.
   */
  admit(): number {
    return this.#state === 'closed' ? this.#generation : this.#admitProbe();
  }

  /** Records that the database has responded to a call. */
  answered(generation: number): void {
    if (this.#failures !== 0 && (this.#state === 'closed' || generation === this.#generation)) this.reset();
  }

  /**
   * Records that a call has failed. Only outages count. Any other failure shows that the database responds, or does not
   * show whether it responds.
   */
  failed(generation: number, error: unknown): void {
    const { availability } = classifyError(error);
    if (availability === 'down') this.#recordOutage(generation, error);
    else if (availability === 'up') this.answered(generation);
    else if (this.#state !== 'closed' && generation === this.#generation) this.#open(performance.now());
  }

  /** Closes the breaker: the database is reachable. */
  reset(): void {
    this.#failures = 0;
    this.#lastError = undefined;
    this.#lastFailureAt = Number.NEGATIVE_INFINITY;
    this.#change('closed');
  }

  #recordOutage(generation: number, error: unknown): void {
    const now = performance.now();
    const isEarlier = generation !== this.#generation;
    // While the breaker is not closed, only the result of the probe counts, and not those of earlier calls.
    if (isEarlier && (this.#state !== 'closed' || now - this.#lastFailureAt < burstMs)) return;
    this.#failures += 1;
    this.#generation += 1;
    this.#lastFailureAt = now;
    this.#lastError = error;
    if (this.#failures >= this.#settings.failures) this.#open(now + this.#settings.resetMs);
  }

  #open(nextProbeAt: number): void {
    this.#nextProbeAt = nextProbeAt;
    this.#change('open');
  }

  #admitProbe(): number {
    const now = performance.now();
    if (now < this.#nextProbeAt) {
      const message = 'the circuit breaker is open because the database failed repeatedly: try again later';
      throw new Failure('UNAVAILABLE', message, { cause: this.#lastError });
    }
    // A probe that never ends must not block all other calls forever.
    this.#nextProbeAt = now + Math.max(minProbeTimeoutMs, probeTimeoutFactor * this.#settings.resetMs);
    this.#change('half-open');
    this.#generation += 1;
    return this.#generation;
  }

  #change(state: BreakerState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#generation += 1;
    this.#observe(state, this.#failures);
  }
}
