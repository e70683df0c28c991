/** The stored rows of one unit of work, as text. */
export type Trace = string;

/**
 * Builds the trace of a unit: its agents, their version, endpoints and capabilities, its certificates and its events.
 */
export function trace({ agents = 0, version = '-', parts = 0, certificates = '-', events = 0 } = {}): Trace {
  return `${agents} ${version} ${version} ${parts} ${certificates} ${events}`;
}

export const nothing = trace();

/**
 * Report about a call. When the call has begun, `detail` is the trace that it leaves if it succeeds. When it has failed
 * or its outcome is unknown (`doubtful`), `detail` is the code of its error.
 */
export type Notice = readonly [unit: string, state: 'begun' | 'done' | 'doubtful' | 'failed', detail: string];

/** Traces that calls may have written to a database, by unit. */
export class Account {
  /** Number of calls that succeeded. */
  acknowledged = 0;
  /** Codes of the calls that failed. */
  readonly failures: string[] = [];
  readonly #allowed = new Map<string, readonly Trace[]>();

  hear([unit, state, detail]: Notice): void {
    const allowed = this.#allowed.get(unit) ?? [nothing];
    if (state === 'begun') this.#allowed.set(unit, [...allowed, detail]);
    if (state === 'done') this.#allowed.set(unit, allowed.slice(-1));
    if (state === 'failed') this.#allowed.set(unit, allowed.slice(0, -1));
    if (state === 'done') this.acknowledged += 1;
    else if (state !== 'begun') this.failures.push(detail);
  }

  /** Returns the units whose stored trace is impossible after the reported outcomes of their calls. */
  wrongUnits(found: ReadonlyMap<string, Trace>): unknown[] {
    return [...new Set([...found.keys(), ...this.#allowed.keys()])].flatMap((unit) => {
      const [left, allowed] = [found.get(unit) ?? nothing, this.#allowed.get(unit) ?? [nothing]];
      return allowed.includes(left) ? [] : [{ unit, left, allowed }];
    });
  }
}
