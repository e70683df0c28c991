import { createHash } from 'node:crypto';

/** A text that two results share when they are equal, whatever the order of the keys of their objects. */
export function digestOf(results: readonly unknown[]): string {
  const hash = createHash('sha256');
  for (const result of results) hash.update(`${JSON.stringify(result, sortedKeys)}\n`);
  return hash.digest('hex');
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
