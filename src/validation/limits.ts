import { checkObject, checkWholeNumber, ifDefined } from './checks';
import type { AnswerBounds } from '../sql/answer-size';

/**
 * Maximum sizes of the input and of the result of one call. A larger input fails with INVALID_INPUT, and a larger
 * result with RESULT_TOO_LARGE, before it uses up the memory or the time of the process. Integers; 0 sets no limit.
 * Characters are UTF-16 code units, as `length` counts them. A record that was stored under higher limits can still be
 * read. PostgreSQL's indexes permit less for some fields than these defaults.
 */
export interface LimitOptions {
  /**
   * Maximum number of characters of an id, a name, an owner, a version, an address, a subject, a source and similar
   * fields. Default: 1024.
   */
  nameLength?: number | undefined;
  /** Characters of a description, a key, a certificate, a message or the details of a mitigation. Default: 4194304. */
  textLength?: number | undefined;
  /** Bytes of the metadata of one record, or of one endpoint, as JSON in UTF-8. Default: 4194304. */
  metadataBytes?: number | undefined;
  /**
   * Maximum number of JSON values in the metadata of one record, and in the metadata of all endpoints of an agent
   * together. Each string, number, boolean, null, array and object counts, at any level. A result may have 20 times as
   * many, and fails with RESULT_TOO_LARGE beyond that. Default: 100000.
   */
  metadataValues?: number | undefined;
  /** Levels of nesting in metadata, up to 1000, which 0 means, too. Default: 1000. */
  metadataDepth?: number | undefined;
  /** Endpoints of one agent. Default: 10000. */
  endpoints?: number | undefined;
  /** Capabilities of one agent. Default: 10000. */
  capabilities?: number | undefined;
  /**
   * Maximum number of characters of all endpoints of an agent with their metadata, of all of its capabilities, and of a
   * list to search for. Default: 4194304.
   */
  recordLength?: number | undefined;
  /** Records given to one `createMany` or `recordMany`. Default: 1000000. */
  batchSize?: number | undefined;
  /** Elements of a list to look for, such as `ids`. Default: 100000. */
  listLength?: number | undefined;
  /**
   * Characters of a page's cursor, which is up to eight times as long as the id and the value that it holds. Default:
   * 8388608.
   */
  cursorLength?: number | undefined;
  /**
   * Maximum number of characters of all texts, metadata included, in the result of one query, page or `getMany`; a
   * larger result fails with RESULT_TOO_LARGE. `iterate` reads smaller parts instead. Default: 134217728.
   */
  answerLength?: number | undefined;
}

/** Maximum sizes of the input and of the result of one call. Infinity means no limit. */
export type Limits = { readonly [K in keyof LimitOptions]-?: number };

/** The deepest metadata that everything on the way can take. */
const deepest = 1000;

const defaults: Limits = {
  nameLength: 1024,
  textLength: 4_194_304,
  metadataBytes: 4_194_304,
  metadataValues: 100_000,
  metadataDepth: deepest,
  endpoints: 10_000,
  capabilities: 10_000,
  recordLength: 4_194_304,
  batchSize: 1_000_000,
  listLength: 100_000,
  cursorLength: 8_388_608,
  answerLength: 134_217_728,
};

/**
 * Maximum number of JSON values of a result, as a multiple of the limit for one record: some thousands of ordinary
 * records.
 */
const answerRecords = 20;

// The keys of an object literal of this type are all of its fields.
const names = Object.keys(defaults) as (keyof Limits)[];
const known: ReadonlySet<keyof Limits> = new Set(names);

/** @throws INVALID_INPUT, which is for the caller to make INVALID_OPTIONS of. */
export function parseLimits(value: unknown): Limits {
  const given = checkObject(value === undefined ? {} : value, 'limits', known);
  const entries = names.map((name) => {
    const most = name === 'metadataDepth' ? deepest : Number.MAX_SAFE_INTEGER;
    const check = (limit: unknown, field: string): number => checkWholeNumber(limit, field, 0, most);
    const limit = ifDefined(given[name], `limits.${name}`, check) ?? defaults[name];
    const none = name === 'metadataDepth' ? deepest : Infinity;
    return [name, limit === 0 ? none : limit] as const;
  });
  // One entry for each of the names.
  return Object.fromEntries(entries) as Limits;
}

/** Returns the bounds of one result. @param maxLength - in characters, when it is lower than the limits */
export function answerBounds({ answerLength, metadataValues }: Limits, maxLength = Infinity): AnswerBounds {
  return { maxLength: Math.min(answerLength, maxLength), maxValues: answerRecords * metadataValues };
}
