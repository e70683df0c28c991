import type { AgentInput, CertificateInput, JsonValue } from '../../src';

/** Content of an imported line, in the form in which it is stored. */
export type Row =
  | {
      readonly kind: 'agent';
      readonly agent: AgentInput;
      /** Registry that published the agent. */
      readonly source: string;
      /** Number of endpoints without a port, which become metadata. */
      readonly endpointsWithoutPort: number;
      /** Number of empty capabilities, which are omitted. */
      readonly emptyCapabilities: number;
    }
  | { readonly kind: 'certificate'; readonly certificate: CertificateInput };

/** Error with the reason why an imported line cannot be stored. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/** Record in an imported file. */
export type FileRecord = Readonly<Record<string, JsonValue>>;

/**
 * Returns a field that must be a string.
 *
 * @throws RefusedError for any other value.
 */
export function textOf(record: FileRecord, field: string): string {
  const value = record[field];
  if (typeof value !== 'string') throw new RefusedError(`${field} must be a string`);
  return value;
}

/**
 * Returns a field that may be a string; undefined when it is absent or null.
 *
 * @throws RefusedError for any other value.
 */
export function optionalTextOf(record: FileRecord, field: string): string | undefined {
  return record[field] === undefined || record[field] === null ? undefined : textOf(record, field);
}

/**
 * Returns a field that must be a time in milliseconds since 1970.
 *
 * @throws RefusedError for any other value.
 */
export function timeOf(record: FileRecord, field: string): Date {
  const value = record[field];
  if (typeof value !== 'number') throw new RefusedError(`${field} must be a number of milliseconds`);
  return new Date(value);
}

export function isRecord(value: JsonValue | undefined): value is Record<string, JsonValue> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
