import { checkObject, checkWholeNumber, ifDefined } from '../validation/checks';
import type { AnswerBounds } from '../sql/answer-size';
import type { LimitOptions } from './types';

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
