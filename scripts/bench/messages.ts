import type { DatabaseSize } from './data';
/**
 * Request of the parent process to a contender's process. The parent waits for the response before it sends another
 * request.
 */
export type Request =
  | { readonly type: 'open'; readonly location: string; readonly size: DatabaseSize }
  /** Runs the first operations of a workload and returns a digest of their results. */
  | { readonly type: 'check'; readonly workload: string }
  /** Runs the next operations of a workload for some time. */
  | { readonly type: 'slice'; readonly workload: string; readonly durationMs: number }
  /** Runs the next operations of a workload for some time, with concurrent callers. */
  | { readonly type: 'concurrent'; readonly workload: string; readonly callers: number; readonly durationMs: number }
  /** Starts four concurrent operations, several times, and returns how long each time blocked the event loop. */
  | { readonly type: 'block'; readonly workload: string; readonly times: number }
  | { readonly type: 'close' };

/** Response of a contender's process to a request of the parent process. */
export type Response =
  | { readonly type: 'done' }
  | { readonly type: 'checked'; readonly digest: string }
  | { readonly type: 'measured'; readonly slice: Slice }
  | { readonly type: 'measuredConcurrently'; readonly slice: ConcurrentSlice }
  | { readonly type: 'blocked'; readonly longestMs: readonly number[] }
  | { readonly type: 'closed'; readonly peakRssBytes: number }
  | { readonly type: 'failed'; readonly message: string };

/** Results of a contender in one slice of time, in which it repeats the operation of a workload. */
export interface Slice {
  /** Duration of each operation, in microseconds. */
  readonly latenciesUs: Float64Array;
  /** Total time of all operations, without the time between them. */
  readonly busyMs: number;
}

/** Results of a contender in one slice of time with concurrent callers; `busyMs` is the duration of the slice. */
export interface ConcurrentSlice extends Slice {
  /** Number of calls that failed, for example because of a deadlock. Failed calls have no latency. */
  readonly failures: number;
  /** Longest time in milliseconds that the event loop was blocked. */
  readonly longestBlockMs: number;
}
