/** Clock that a test controls. */
export interface FakeClock {
  /** Returns the time of the clock in milliseconds since 1970. Pass this function as the option `now`. */
  readonly now: () => number;
  /** Moves the clock forward by `ms` milliseconds, or back if `ms` is negative. */
  readonly advance: (ms: number) => void;
  /** Sets the clock to a given time. */
  readonly set: (time: Date | number) => void;
}

/**
 * Creates a clock that stands still until the test moves it.
 *
 * @param start - time at the beginning, as a `Date` or in milliseconds since 1970. Default: the beginning of 2026
 * (UTC).
 * @example
 * ```ts
 * const clock = fakeClock(new Date('2026-03-01'));
 * await using db = await createTestDatabase({ now: clock.now, defaultAgentLifetimeMs: 60_000 });
 * await registerTestAgent(db);
 * clock.advance(60_000);
 * console.assert((await db.agents.expireDue()) === 1);
 * ```
 */
export function fakeClock(start: Date | number = Date.UTC(2026, 0, 1)): FakeClock {
  let time = Number(start);
  return {
    now: () => time,
    advance: (ms) => {
      time += ms;
    },
    set: (other) => {
      time = Number(other);
    },
  };
}
