import { createHash } from 'node:crypto';

/**
 * Returns a digest of values. Equal values have equal digests, regardless of the order of the keys of their objects.
 */
export function digestOf(values: readonly unknown[]): string {
  const hash = createHash('sha256');
  for (const value of values) hash.update(`${JSON.stringify(value, sortKeys)}\n`);
  return hash.digest('hex');
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
