import type { BreakerState } from '../diagnostics/types';
import { classifyError } from '../errors/classify-error';
import { Failure } from '../errors/failure';
import type { BreakerSettings } from '../options/resolve-options';

/**
 * Minimum time in milliseconds between two counted failures of calls that were in flight at the same time. Without this
 * time, one short interruption with many calls in flight would open the circuit breaker.
 */
const burstMs = 1000;

/**
 * Factor for the maximum time that the circuit breaker waits for a probe: this factor times `resetMs`, but at least
 * `minProbeTimeoutMs` milliseconds. Afterwards, the breaker admits another probe.
 */
const probeTimeoutFactor = 10;
const minProbeTimeoutMs = 1000;

/**
 * Circuit breaker: rejects calls while the database is known to be down. Callers then do not wait for the failure, and
 * do not overload the database while it recovers. While the database is up, a call costs only two additional
 * comparisons.
 */
export class CircuitBreaker {
  readonly #settings: BreakerSettings;
  readonly #observe: (state: BreakerState, failures: number) => void;
  #state: BreakerState = 'closed';
  /** Number of consecutive failures. It is 0 only while the circuit breaker is closed. */
  #failures = 0;
  /**
   * Number that increases with each counted failure and each change of the state. Each call stores the number when it
   * begins. The result of a call may be outdated if the number is higher when the call ends.
   */
  #generation = 0;
  #lastFailureAt = Number.NEGATIVE_INFINITY;
  #lastError: unknown;
  #nextProbeAt = Number.NEGATIVE_INFINITY;

  /**
   * Creates a closed circuit breaker.
   *
   * @param observe - called after each change of the state.
   */
  constructor(settings: BreakerSettings, observe: (state: BreakerState, failures: number) => void) {
    this.#settings = settings;
    this.#observe = observe;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /**
   * Admits a call to the database. When the call ends, pass the returned number to {@link answered} or {@link failed}.
   *
   * @throws UNAVAILABLE while the database is known to be down. From time to time, one call is admitted as a probe.
   */
  admit(): number {
    return this.#state === 'closed' ? this.#generation : this.#admitProbe();
  }

  /**
   * Records that the database has responded to a call. `generation` is the number that {@link admit} returned for the
   * call.
   */
  answered(generation: number): void {
    if (this.#failures !== 0 && (this.#state === 'closed' || generation === this.#generation)) this.reset();
  }

  /**
   * Records that a call has failed. Counts the failure if it shows an outage. If the failure shows that the database
   * responds, has the effect of {@link answered}.
   */
  failed(generation: number, error: unknown): void {
    const { availability } = classifyError(error);
    if (availability === 'down') this.#recordOutage(generation, error);
    else if (availability === 'up') this.answered(generation);
    else if (this.#state !== 'closed' && generation === this.#generation) this.#open(performance.now());
  }

  /** Closes the circuit breaker, because the database is reachable. */
  reset(): void {
    this.#failures = 0;
    this.#lastError = undefined;
    this.#lastFailureAt = Number.NEGATIVE_INFINITY;
    this.#change('closed');
  }

  #recordOutage(generation: number, error: unknown): void {
    const now = performance.now();
    const isEarlier = generation !== this.#generation;
    // Ignores calls that began earlier while the breaker is not closed, because then only the result of the probe
    // counts.
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
    // Allows another probe at a later time, because a probe that never ends must not block all other calls forever.
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
