import { createHash } from 'node:crypto';
import type { JsonValue } from '../../src';

/**
 * Returns an id that depends only on the content: the first bits of its SHA-256 hash, as a UUID of version 8 (RFC 9562,
 * section 5.8). The order of the keys of objects does not matter.
 */
export function deterministicId(content: JsonValue): string {
  const bytes = createHash('sha256').update(stableJson(content)).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function stableJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${stableJson(inner)}`).join(',')}}`;
}
