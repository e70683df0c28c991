import type { AgentInput, CertificateInput, JsonValue } from '../../src';

/** Content of a line of the file, ready to be stored. */
export type Row =
  | {
      readonly kind: 'agent';
      readonly agent: AgentInput;
      /** Register from which it comes. */
      readonly source: string;
      /** Endpoints that no address can be reached by, kept as metadata. */
      readonly endpointsSetAside: number;
      /** Capabilities without a name, which the directory does not take. */
      readonly emptyCapabilities: number;
    }
  | { readonly kind: 'certificate'; readonly certificate: CertificateInput };

/** Reason why a line cannot be stored. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/** A record as it stands in the file. */
export type FileRecord = Readonly<Record<string, JsonValue>>;

/** @throws RefusedError unless the field holds a text. */
export function textOf(record: FileRecord, field: string): string {
  const value = record[field];
  if (typeof value !== 'string') throw new RefusedError(`${field} must be a string`);
  return value;
}

/** The text of a field that may be left out, or null. @throws RefusedError for anything else. */
export function optionalTextOf(record: FileRecord, field: string): string | undefined {
  return record[field] === undefined || record[field] === null ? undefined : textOf(record, field);
}

/** A point in time, in milliseconds since 1970. @throws RefusedError unless the field holds a number. */
export function timeOf(record: FileRecord, field: string): Date {
  const value = record[field];
  if (typeof value !== 'number') throw new RefusedError(`${field} must be a number of milliseconds`);
  return new Date(value);
}

export function isRecord(value: JsonValue | undefined): value is Record<string, JsonValue> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
