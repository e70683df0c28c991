/** Formats a rounded number with separators of thousands: 12,345. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** Formats a number with its noun: "1 agent", "3 agents". */
export function formatAmount(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Formats a duration with about three significant digits. */
export function formatDuration(durationMs: number): string {
  if (durationMs >= 10_000) return `${(durationMs / 1000).toFixed(1)} s`;
  return durationMs >= 100 ? `${durationMs.toFixed(0)} ms` : `${durationMs.toFixed(durationMs >= 10 ? 1 : 2)} ms`;
}
