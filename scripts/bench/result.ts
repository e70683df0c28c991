import type { ContenderName } from './contender';
import type { EngineName } from './engines/store';
import type { Measurement } from './statistics';

/** Values of the contenders that took part. */
export type PerContender<T> = Readonly<Partial<Record<ContenderName, T>>>;

/** All that was measured in one workload. */
export interface WorkloadResult {
  readonly id: string;
  readonly title: string;
  /** Number of records in one operation. */
  readonly records: number;
  readonly contenders: PerContender<Measurement>;
}

/** Time that everything else in the process was blocked while four concurrent searches ran. */
export interface Block {
  readonly medianMs: number;
  readonly longestMs: number;
}

export interface BlockResult {
  readonly title: string;
  readonly contenders: PerContender<Block>;
}

/** Milliseconds from the start of a process: the median of several. */
export interface ColdStart {
  readonly answerMs: number;
  readonly exitMs: number;
  /** Of the whole process, against raw's of the same rounds. */
  readonly ratioToRaw: number | null;
}

/** One engine with one number of agents. */
export interface RunResult {
  readonly engine: EngineName;
  readonly version: string;
  readonly agentCount: number;
  readonly workloads: readonly WorkloadResult[];
  readonly blocks: readonly BlockResult[];
  readonly coldStarts: PerContender<ColdStart>;
  readonly peakRssBytes: PerContender<number>;
}

/** All runs, with where and when they were: what the JSON file holds. */
export interface BenchReport {
  readonly date: string;
  readonly machine: { readonly node: string; readonly cpu: string; readonly cpus: number };
  readonly options: { readonly rounds: number; readonly sliceMs: number; readonly analyze: boolean };
  readonly results: readonly RunResult[];
}
