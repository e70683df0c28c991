/** Request of the parent to a contender's process. Each is answered before the next is sent. */
export type Request =
  | { readonly type: 'open'; readonly location: string; readonly agentCount: number }
  /** Do a few operations from the first place on, and tell what came of it. */
  | { readonly type: 'check'; readonly workload: string }
  /** Work for a while, from the next place on. */
  | { readonly type: 'slice'; readonly workload: string; readonly durationMs: number }
  /** Begin four operations at once, several times over, and tell how long nothing else in the process had its turn. */
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
  /** All of them together: the time between operations is nobody's. */
  readonly busyMs: number;
}
