/** Formats a rounded number with separators between thousands: 12,345. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** Formats a number with a noun: "1 agent", "3 agents". */
export function formatAmount(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Formats a duration with about three significant digits, such as "12.3 ms". */
export function formatDuration(durationMs: number): string {
  if (durationMs >= 10_000) return `${(durationMs / 1000).toFixed(1)} s`;
  return durationMs >= 100 ? `${durationMs.toFixed(0)} ms` : `${durationMs.toFixed(durationMs >= 10 ? 1 : 2)} ms`;
}

/** Formats a number of bytes: "512 bytes", "1.5 MB". */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  return `${power === 0 ? bytes.toFixed(0) : (bytes / 1000 ** power).toFixed(1)} ${units[power] ?? ''}`;
}
