/** The stored rows of one unit of work, as text. */
export type Trace = string;

/** Builds the trace of a unit: its agents, their version, endpoints and capabilities, its certificates and its events. */
export function trace({ agents = 0, version = '-', parts = 0, certificates = '-', events = 0 } = {}): Trace {
  return `${agents} ${version} ${version} ${parts} ${certificates} ${events}`;
}

export const nothing = trace();

/** News of a call: it began and leaves `after` if it succeeds, or it has ended. A doubtful call has left all or nothing. */
export type Notice = readonly [unit: string, state: 'begun' | 'done' | 'doubtful' | 'failed', detail: string];

/** What the calls of many callers may have left in a database, unit by unit. */
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

  /** Returns the units whose traces no end of their calls allows. */
  wrongUnits(found: ReadonlyMap<string, Trace>): unknown[] {
    return [...new Set([...found.keys(), ...this.#allowed.keys()])].flatMap((unit) => {
      const [left, allowed] = [found.get(unit) ?? nothing, this.#allowed.get(unit) ?? [nothing]];
      return allowed.includes(left) ? [] : [{ unit, left, allowed }];
    });
  }
}
