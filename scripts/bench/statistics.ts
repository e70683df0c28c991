import type { Slice } from './messages';

/** Result of a contender in one workload. */
export interface Measurement {
  readonly opsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Of the limit, in the same rounds; 1 is as fast as hand-written SQL. */
  readonly ratioToRaw: number | null;
  readonly operations: number;
}

/**
 * The measurement of a contender by its slices, one of each round. The ratio is the median of those of single rounds, so
 * that a disturbance hits at most the rounds it falls into.
 */
export function toMeasurement(slices: readonly Slice[], rawSlices: readonly Slice[] | undefined): Measurement {
  const latencies = slices.flatMap(({ latenciesUs }) => [...latenciesUs]).sort((a, b) => a - b);
  const busyMs = slices.reduce((total, slice) => total + slice.busyMs, 0);
  const ratios = slices.flatMap((slice, round) => {
    const raw = rawSlices?.[round];
    return raw === undefined ? [] : [throughput(slice) / throughput(raw)];
  });
  return {
    opsPerSecond: latencies.length / (busyMs / 1000),
    p50Us: quantile(latencies, 0.5),
    p99Us: quantile(latencies, 0.99),
    ratioToRaw: ratios.length === 0 ? null : median(ratios),
    operations: latencies.length,
  };
}

function throughput({ latenciesUs, busyMs }: Slice): number {
  return latenciesUs.length / busyMs;
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
