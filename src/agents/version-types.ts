/** Deprecation of an agent: why it should no longer be used, and what to use instead. */
export interface Deprecation {
  /** Reason, as the caller gave it. */
  reason?: string;
  /** Id of the agent to use instead. Absent, too, after that agent was deleted. */
  successorId?: string;
  /** Time of the last call of `deprecate`. */
  at: Date;
}
