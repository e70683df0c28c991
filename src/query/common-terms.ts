import { isIndexedPart, type Dialect, type TextPart } from '../sql/dialect';
import { join, type Sql, sql } from '../sql/sql';
import { inJsonArray } from '../sql/statement';
import { checkAnyTime, checkBoolean, checkOneOf } from '../validation/checks';
import { foldCase } from '../validation/fold-case';
import type { ParseField, TermInput, TermKey } from './filter-field';

/** Values that the composition of every SQL condition needs. */
interface SqlContext {
  readonly dialect: Dialect;
}

export const parseText: ParseField<string> = (value, field, checks) => checks.name(value, field);

export const parseTexts: ParseField<string[]> = (value, field, checks) => checks.names(value, field);

export const parseBoolean: ParseField<boolean> = (value, field) => checkBoolean(value, field);

/** Parses a text that is searched for as a part of other texts, regardless of upper and lower case. */
export const parsePart: ParseField<string> = (value, field, checks) => foldCase(checks.name(value, field));

/** Returns a parser for a list of values of an enumeration. The parser removes duplicates. */
export function parseChoices<T extends string>(allowed: Readonly<Record<string, T>>): ParseField<T[]> {
  return (value, field, checks) => [
    ...new Set(checks.list(value, field, (element, path) => checkOneOf(element, allowed, path))),
  ];
}

/**
 * Returns the values that `given` also contains; all values when `given` is undefined. Combines two query fields that
 * restrict the same value, such as `id` and `ids`: a record must match both.
 */
export function intersect<T>(values: T[], given: readonly T[] | undefined): T[] {
  return given === undefined ? values : values.filter((value) => given.includes(value));
}

/** Returns a query condition that `column` is one of a list of texts of any length. */
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

/** Returns a query condition that `column` equals a text. */
export function equalTo(column: Sql) {
  return {
    parse: parseText,
    condition: ({ bind }: TermInput<string, TermKey>): Sql => sql`${column} = ${bind((text) => text)}`,
  };
}

/**
 * Returns a query condition that `column` is one of a few values. Each value is a bound parameter, so the number of
 * values is the cache key of the SQL text.
 */
export function choices<T extends string>(column: Sql) {
  return {
    cacheKey: (values: T[]): number => values.length,
    condition: ({ cacheKey: count, bind }: TermInput<T[], number>): Sql => {
      const elements = Array.from({ length: count }, (_, index) => bind((values) => values[index] ?? null));
      return sql`${column} IN (${join(elements)})`;
    },
  };
}

/** Returns a query condition that compares a column with a time. */
export function comparedTime(compare: (time: Sql) => Sql) {
  return {
    parse: (value: unknown, field: string): number => checkAnyTime(value, field),
    condition: ({ bind }: TermInput<number, TermKey>, { dialect }: SqlContext): Sql =>
      compare(dialect.fromMs(bind((ms) => ms))),
  };
}

/**
 * Cache key for a part of a text that is searched for. `short`: the substring indexes cannot find such a short part.
 */
export type PartKey = 'indexed' | 'short';

export function partKeyOf(part: string): PartKey {
  return isIndexedPart(part) ? 'indexed' : 'short';
}

/** Returns a part of a text, which is searched for, in the form that the methods of `Dialect` take. */
export function toTextPart({ cacheKey, bind }: TermInput<string, PartKey>): TextPart {
  return { isIndexed: cacheKey === 'indexed', bind: (derive = (part) => part) => bind(derive) };
}
