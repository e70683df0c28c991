/** What the parent asks of a contender's process. Each is answered before the next is sent. */
export type Request =
  | { readonly type: 'open'; readonly path: string; readonly agentCount: number }
  /** Do a few operations from the first place on, and tell what came of it. */
  | { readonly type: 'check'; readonly workload: string; readonly places: number }
  /** Work for a while, from the next place on. */
  | { readonly type: 'slice'; readonly workload: string; readonly durationMs: number }
  | { readonly type: 'close' };

/** What it answers. */
export type Response =
  | { readonly type: 'done' }
  | { readonly type: 'checked'; readonly digest: string }
  | { readonly type: 'measured'; readonly slice: Slice }
  | { readonly type: 'closed'; readonly peakRssBytes: number }
  | { readonly type: 'failed'; readonly message: string };

/** What a contender did in one slice of time. */
export interface Slice {
  /** How long each operation took. */
  readonly latenciesUs: Float64Array;
  /** All of them together: the time between operations is nobody's. */
  readonly busyMs: number;
}
