import type { BreakerState } from '../diagnostics/types';
import { classifyError } from '../errors/classify-error';
import { Failure } from '../errors/failure';
import type { BreakerSettings } from '../options/resolve-options';

/** Failures of calls that were under way together are one outage's; if it goes on, they count again after this time. */
const burstMs = 1000;

/**
 * Time until another call is let through while a probe is still running: the factor for `resetMs`, and the minimum in
 * milliseconds.
 */
const probePatience = 10;
const shortestPatienceMs = 1000;

/**
 * Circuit breaker: rejects calls while the database is known to be down. Callers do not wait in vain, and the database
 * is not overloaded when it recovers. Costs a comparison before and after each call while the database is up.
 */
export class CircuitBreaker {
  readonly #settings: BreakerSettings;
  readonly #observe: (state: BreakerState, failures: number) => void;
  #state: BreakerState = 'closed';
  /** Failures in a row. Never 0 while the state is another than closed. */
  #failures = 0;
  /** Changes with every failure that counts, and with every state: what began under another number is of the past. */
  #era = 0;
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
    return this.#state === 'closed' ? this.#era : this.#admitProbe();
  }

  /** The database has answered a call. */
  answered(era: number): void {
    if (this.#failures !== 0 && (this.#state === 'closed' || era === this.#era)) this.reset();
  }

  /** A call has failed. Only outages count: other failures show that the database answers, or nothing about it. */
  failed(era: number, error: unknown): void {
    const { availability } = classifyError(error);
    if (availability === 'down') this.#noteOutage(era, error);
    else if (availability === 'up') this.answered(era);
    else if (this.#state !== 'closed' && era === this.#era) this.#open(performance.now());
  }

  /** Forgets what was: the database is there. */
  reset(): void {
    this.#failures = 0;
    this.#lastError = undefined;
    this.#lastFailureAt = Number.NEGATIVE_INFINITY;
    this.#change('closed');
  }

  #noteOutage(era: number, error: unknown): void {
    const now = performance.now();
    const isPast = era !== this.#era;
    // Once the breaker is open, results of earlier calls have no effect; only the probe counts.
    if (isPast && (this.#state !== 'closed' || now - this.#lastFailureAt < burstMs)) return;
    this.#failures += 1;
    this.#era += 1;
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
    // One that never ends must not keep all others out for ever.
    this.#nextProbeAt = now + Math.max(shortestPatienceMs, probePatience * this.#settings.resetMs);
    this.#change('half-open');
    this.#era += 1;
    return this.#era;
  }

  #change(state: BreakerState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#era += 1;
    this.#observe(state, this.#failures);
  }
}
