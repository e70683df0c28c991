import { checkObject, checkWholeNumber, ifDefined } from './checks';
import type { AnswerBounds } from '../sql/answer-size';

/**
 * Maximum sizes of the input and of the result of one call. The limits protect the process from running out of memory
 * and from being blocked for long. A larger input fails with INVALID_INPUT, and a larger result with RESULT_TOO_LARGE.
 *
 * All limits are integers; 0 sets no limit. Characters are UTF-16 code units, as `length` counts them. Records that
 * were stored under higher limits can still be read. For some fields, the indexes of PostgreSQL permit less than these
 * defaults.
 */
export interface LimitOptions {
  /**
   * Maximum number of characters of an id, a name, an owner, a version, an address, a subject, a source and similar
   * fields.
   *
   * @defaultValue 1024
   */
  nameLength?: number | undefined;
  /**
   * Maximum number of characters of a description, a public key, a certificate, a message or the details of a
   * mitigation.
   *
   * @defaultValue 4194304
   */
  textLength?: number | undefined;
  /**
   * Maximum number of bytes of the metadata of one record, or of one endpoint, as JSON in UTF-8.
   *
   * @defaultValue 4194304
   */
  metadataBytes?: number | undefined;
  /**
   * Maximum number of JSON values in the metadata of one record, and in the metadata of all endpoints of an agent
   * together. Each string, number, boolean, null, array and object counts, at any level. A result with more than 20
   * times as many JSON values fails with RESULT_TOO_LARGE.
   *
   * @defaultValue 100000
   */
  metadataValues?: number | undefined;
  /**
   * Maximum number of levels of nesting in metadata, up to 1000; 0 means 1000.
   *
   * @defaultValue 1000
   */
  metadataDepth?: number | undefined;
  /**
   * Maximum number of endpoints of one agent.
   *
   * @defaultValue 10000
   */
  endpoints?: number | undefined;
  /**
   * Maximum number of capabilities of one agent.
   *
   * @defaultValue 10000
   */
  capabilities?: number | undefined;
  /**
   * Maximum number of characters of each of these inputs: all endpoints of an agent with their metadata, all
   * capabilities of an agent, and a list to search for.
   *
   * @defaultValue 4194304
   */
  recordLength?: number | undefined;
  /**
   * Maximum number of elements of one `createMany`, `updateMany`, `upsertMany`, `deleteMany`, `recordMany`,
   * or `recordHealth`.
   *
   * @defaultValue 1000000
   */
  batchSize?: number | undefined;
  /**
   * Maximum number of elements in a list to search for, such as `ids`.
   *
   * @defaultValue 100000
   */
  listLength?: number | undefined;
  /**
   * Maximum number of characters of a page's cursor. A cursor contains a sort value and an id, and is up to eight times
   * as long as both together.
   *
   * @defaultValue 8388608
   */
  cursorLength?: number | undefined;
  /**
   * Maximum number of characters of all texts, including metadata, in the result of one query, page or `getMany`.
   * `iterate` has no such limit, because it reads smaller parts.
   *
   * @defaultValue 134217728
   */
  answerLength?: number | undefined;
}

/** Validated {@link LimitOptions} with the defaults. Infinity means no limit. */
export type Limits = { readonly [K in keyof LimitOptions]-?: number };

/** Maximum number of levels of nesting in metadata that every part of this package can process. */
const maxDepth = 1000;

const defaults: Limits = {
  nameLength: 1024,
  textLength: 4_194_304,
  metadataBytes: 4_194_304,
  metadataValues: 100_000,
  metadataDepth: maxDepth,
  endpoints: 10_000,
  capabilities: 10_000,
  recordLength: 4_194_304,
  batchSize: 1_000_000,
  listLength: 100_000,
  cursorLength: 8_388_608,
  answerLength: 134_217_728,
};

/**
 * Maximum number of JSON values in a result, as a multiple of the limit for one record. The default limits allow some
 * thousands of ordinary records.
 */
const answerRecords = 20;

// The cast is safe: the type of `defaults` requires all fields of `Limits` and allows no other field.
const names = Object.keys(defaults) as (keyof Limits)[];
const known: ReadonlySet<keyof Limits> = new Set(names);

/**
 * Returns the validated limits with their defaults.
 *
 * @throws INVALID_INPUT when a limit is invalid; the caller converts it to INVALID_OPTIONS
 */
export function parseLimits(value: unknown): Limits {
  const given = checkObject(value === undefined ? {} : value, 'limits', known);
  const entries = names.map((name) => {
    const most = name === 'metadataDepth' ? maxDepth : Number.MAX_SAFE_INTEGER;
    const check = (limit: unknown, field: string): number => checkWholeNumber(limit, field, 0, most);
    const limit = ifDefined(given[name], `limits.${name}`, check) ?? defaults[name];
    const none = name === 'metadataDepth' ? maxDepth : Infinity;
    return [name, limit === 0 ? none : limit] as const;
  });
  // The cast is safe: `entries` contains one entry for each field of `Limits`.
  return Object.fromEntries(entries) as Limits;
}

/**
 * Returns the maximum size of one result.
 *
 * @param maxLength - maximum number of characters of this result; a lower `answerLength` takes precedence.
 */
export function answerBounds({ answerLength, metadataValues }: Limits, maxLength = Infinity): AnswerBounds {
  return { maxLength: Math.min(answerLength, maxLength), maxValues: answerRecords * metadataValues };
}
