import type { ContenderName } from './contender';
import type { EngineName } from './engines/store';
import type { Measurement } from './statistics';

/** Values of the contenders that took part. */
export type PerContender<T> = Readonly<Partial<Record<ContenderName, T>>>;

/** Measurements of one workload. */
export interface WorkloadResult {
  readonly id: string;
  readonly title: string;
  readonly contenders: PerContender<Measurement>;
}

/** Measurement of a contender with concurrent callers. */
export interface ConcurrentMeasurement extends Measurement {
  /** Number of calls that failed. */
  readonly failures: number;
  readonly longestBlockMs: number;
}

/** Measurements of one workload with concurrent callers. */
export interface ConcurrencyResult {
  readonly id: string;
  readonly title: string;
  readonly callers: number;
  readonly contenders: PerContender<ConcurrentMeasurement>;
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

/** Milliseconds from the start of a process: medians of several starts. */
export interface ColdStart {
  readonly answerMs: number;
  readonly exitMs: number;
  /** Duration of the whole process relative to the baseline's in the same rounds; null without a baseline. */
  readonly ratio: number | null;
}

/** Results on one engine with one number of agents. */
export interface RunResult {
  readonly engine: EngineName;
  readonly version: string;
  readonly agentCount: number;
  readonly eventCount: number;
  /** Contender that ratios are relative to. */
  readonly baseline: ContenderName;
  readonly workloads: readonly WorkloadResult[];
  readonly blocks: readonly BlockResult[];
  readonly concurrency: readonly ConcurrencyResult[];
  readonly coldStarts: PerContender<ColdStart>;
  readonly peakRssBytes: PerContender<number>;
}

/** All runs with their date and machine: the content of the JSON file. */
export interface BenchReport {
  readonly date: string;
  readonly machine: { readonly node: string; readonly cpu: string; readonly cpus: number };
  readonly options: {
    readonly rounds: number;
    readonly sliceMs: number;
    readonly analyze: boolean;
    readonly durable: boolean;
  };
  readonly results: readonly RunResult[];
}
