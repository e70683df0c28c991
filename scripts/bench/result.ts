import type { ContenderName } from './contender';
import type { EngineName } from './engines/store';
import type { Measurement } from './statistics';

/** Values of the contenders that took part in the benchmark, by the name of the contender. */
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

/** Time for which four concurrent searches block everything else in the process. */
export interface Block {
  readonly medianMs: number;
  readonly longestMs: number;
}

export interface BlockResult {
  readonly title: string;
  readonly contenders: PerContender<Block>;
}

/** Durations of starting a process, in milliseconds: medians of several starts. */
export interface ColdStart {
  readonly answerMs: number;
  readonly exitMs: number;
  /** Duration of the whole process relative to the baseline in the same rounds; null without a baseline. */
  readonly ratio: number | null;
}

/** Results of the benchmark on one engine with one number of agents. */
export interface RunResult {
  readonly engine: EngineName;
  readonly version: string;
  readonly agentCount: number;
  readonly eventCount: number;
  /** Contender to which all ratios are relative. */
  readonly baseline: ContenderName;
  readonly workloads: readonly WorkloadResult[];
  readonly blocks: readonly BlockResult[];
  readonly concurrency: readonly ConcurrencyResult[];
  readonly coldStarts: PerContender<ColdStart>;
  readonly peakRssBytes: PerContender<number>;
}

/** All runs of the benchmark with their date and machine: the content of the JSON file. */
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
