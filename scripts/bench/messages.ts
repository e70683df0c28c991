/** Request of the parent to a contender's process. Each is answered before the next is sent. */
export type Request =
  | { readonly type: 'open'; readonly location: string; readonly agentCount: number }
  /** Runs a few operations from the first place on, and returns their results. */
  | { readonly type: 'check'; readonly workload: string }
  /** Work for a while, from the next place on. */
  | { readonly type: 'slice'; readonly workload: string; readonly durationMs: number }
  /** Starts four operations at once, several times, and returns how long everything else in the process was blocked. */
  | { readonly type: 'block'; readonly workload: string; readonly times: number }
  | { readonly type: 'close' };

/** Response of a contender's process. */
export type Response =
  | { readonly type: 'done' }
  | { readonly type: 'checked'; readonly digest: string }
  | { readonly type: 'measured'; readonly slice: Slice }
  | { readonly type: 'blocked'; readonly longestMs: readonly number[] }
  | { readonly type: 'closed'; readonly peakRssBytes: number }
  | { readonly type: 'failed'; readonly message: string };

/** Results of a contender in one slice of time. */
export interface Slice {
  /** Duration of each operation, in microseconds. */
  readonly latenciesUs: Float64Array;
  /** Total time of all operations, without the time between them. */
  readonly busyMs: number;
}
