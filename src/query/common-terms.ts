import { isIndexedPart, type Dialect, type TextPart } from '../sql/dialect';
import { join, type Sql, sql } from '../sql/sql';
import { inJsonArray } from '../sql/statement';
import { checkAnyTime, checkBoolean, checkOneOf } from '../validation/checks';
import { foldCase } from '../validation/fold-case';
import type { ParseField, TermInput, TermKey } from './filter-field';

/** Context that every kind of record provides to compose the SQL of a filter term. */
interface SqlContext {
  readonly dialect: Dialect;
}

export const parseText: ParseField<string> = (value, field, checks) => checks.name(value, field);

export const parseTexts: ParseField<string[]> = (value, field, checks) => checks.names(value, field);

export const parseBoolean: ParseField<boolean> = (value, field) => checkBoolean(value, field);

/** Parses a part of a text that is searched regardless of case. */
export const parsePart: ParseField<string> = (value, field, checks) => foldCase(checks.name(value, field));

/** Returns the parser of a list of values of an enumeration, which removes duplicates. */
export function parseChoices<T extends string>(allowed: Readonly<Record<string, T>>): ParseField<T[]> {
  return (value, field, checks) => [
    ...new Set(checks.list(value, field, (element, path) => checkOneOf(element, allowed, path))),
  ];
}

/**
 * Returns the values of a field that the earlier fields of the same term have given, too. Returns all values when no
 * earlier field was given.
 */
export function intersect<T>(values: T[], given: readonly T[] | undefined): T[] {
  return given === undefined ? values : values.filter((value) => given.includes(value));
}

/** Tests whether `column` is one of a list of texts of any length. */
export function idList(column: Sql) {
  return {
    condition: ({ bind }: TermInput<string[], TermKey>, { dialect }: SqlContext): Sql =>
      inJsonArray(
        dialect,
        column,
        bind((ids) => JSON.stringify(ids)),
      ),
  };
}

/** Tests whether `column` equals a text. */
export function equalTo(column: Sql) {
  return {
    parse: parseText,
    condition: ({ bind }: TermInput<string, TermKey>): Sql => sql`${column} = ${bind((text) => text)}`,
  };
}

/** Tests whether `column` is one of a few values. The cache key is their number, because each value is a parameter. */
export function choices<T extends string>(column: Sql) {
  return {
    cacheKey: (values: T[]): number => values.length,
    condition: ({ cacheKey: count, bind }: TermInput<T[], number>): Sql => {
      const elements = Array.from({ length: count }, (_, index) => bind((values) => values[index] ?? null));
      return sql`${column} IN (${join(elements)})`;
    },
  };
}

/** Compares `column` with a time. */
export function comparedTime(compare: (time: Sql) => Sql) {
  return {
    parse: (value: unknown, field: string): number => checkAnyTime(value, field),
    condition: ({ bind }: TermInput<number, TermKey>, { dialect }: SqlContext): Sql =>
      compare(dialect.fromMs(bind((ms) => ms))),
  };
}

/** Cache key of a part of a text: the substring indexes cannot find a short part. */
export type PartKey = 'indexed' | 'short';

export function partKeyOf(part: string): PartKey {
  return isIndexedPart(part) ? 'indexed' : 'short';
}

/** Returns the part of a text as the dialects compose it. */
export function toTextPart({ cacheKey, bind }: TermInput<string, PartKey>): TextPart {
  return { isIndexed: cacheKey === 'indexed', bind: (derive = (part) => part) => bind(derive) };
}
