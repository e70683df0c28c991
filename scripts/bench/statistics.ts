import type { Slice } from './messages';

/** Result of a contender in one workload. */
export interface Measurement {
  readonly opsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Throughput relative to the baseline: the median over the rounds; null without a baseline. */
  readonly ratio: number | null;
  /** Median duration of an operation relative to the baseline; null without a baseline. */
  readonly p50Ratio: Distribution | null;
}

/** Distribution of a measured value over the rounds. */
interface Distribution {
  readonly median: number;
  /** Interquartile range of the value. */
  readonly spread: number;
}

/**
 * Computes the measurement of a contender from its slices, one for each round. Ratios are medians of the rounds, so
 * that a disturbance affects only the rounds in which it happens.
 */
export function toMeasurement(slices: readonly Slice[], baseline: readonly Slice[] | undefined): Measurement {
  const latencies = sort(slices.flatMap(({ latenciesUs }) => [...latenciesUs]));
  const busyMs = slices.reduce((total, slice) => total + slice.busyMs, 0);
  const ratiosOf = (valueOf: (slice: Slice) => number): number[] =>
    slices.flatMap((slice, round) => {
      const baselineSlice = baseline?.[round];
      return baselineSlice === undefined ? [] : [valueOf(slice) / valueOf(baselineSlice)];
    });
  return {
    opsPerSecond: latencies.length / (busyMs / 1000),
    p50Us: quantile(latencies, 0.5),
    p99Us: quantile(latencies, 0.99),
    ratio: toDistribution(ratiosOf((slice) => slice.latenciesUs.length / slice.busyMs))?.median ?? null,
    p50Ratio: toDistribution(ratiosOf((slice) => median([...slice.latenciesUs]))),
  };
}

function toDistribution(values: readonly number[]): Distribution | null {
  if (values.length === 0) return null;
  const sorted = sort(values);
  return { median: median(sorted), spread: quantile(sorted, 0.75) - quantile(sorted, 0.25) };
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function sort(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}

export function median(values: readonly number[]): number {
  const sorted = sort(values);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
