import type { Sql } from '../sql/sql';
import type { SqlValue } from '../sql/statement';
import type { Validator } from '../validation/validator';

/**
 * Checks a field of a query and returns its value in the form in which the database compares it; undefined when the
 * field filters nothing.
 *
 * @throws INVALID_INPUT when the value is invalid
 */
export type ParseField<V> = (value: unknown, field: string, checks: Validator) => V | undefined;

/** Part of a cache key that one term contributes: plain data. */
export type TermKey = string | number | boolean | { readonly [property: string]: TermKey };

/**
 * Input from which the SQL of a term is composed. It does not contain the value: the SQL text depends only on the cache
 * key, so a query can never run the text that another query needs.
 */
export interface TermInput<V, K extends TermKey> {
  readonly cacheKey: K;
  /** Composes a bound parameter. `read` returns the value of the parameter for each call. */
  readonly bind: (read: (value: V) => SqlValue) => Sql;
}

/** Index that finds the records of one term. */
export interface CandidateSource {
  /** Estimated selectivity: the source of the lowest rank is expected to have the fewest candidates. */
  readonly rank: number;
}

/**
 * A condition on the records that a query searches.
 *
 * @typeParam V - value of the condition.
 * @typeParam K - the term's part of the cache key.
 * @typeParam C - context of the SQL: the dialect, and everything else that the conditions on this kind of record refer
 * to.
 * @typeParam S - candidate source.
 */
export interface TermDefinition<V, K extends TermKey, C, S extends CandidateSource> {
  /** Reports whether no record can match the value. Default: for an empty text and an empty list. */
  readonly matchesNothing?: (value: V) => boolean;
  /** Returns every property of the value that the SQL text depends on. Default: the text is the same for all values. */
  readonly cacheKey?: (value: V) => K;
  /** Composes a table expression that the condition and the source refer to; undefined when they refer to none. */
  readonly table?: (input: TermInput<V, K>, context: C) => Sql | undefined;
  readonly condition: (input: TermInput<V, K>, context: C) => Sql;
  /** True when an index of the searched table finds few records by this condition, so that no source is needed. */
  readonly isSelective?: boolean;
  /** Composes the candidate source. Default: no index finds the records. */
  readonly source?: (input: TermInput<V, K>, context: C) => S;
}

/**
 * A term for values of any type. Its functions are methods, because TypeScript then accepts a term for one type of
 * values as a term for values of an unknown type. This is safe: a term receives only the values of its own fields.
 */
export interface FilterTerm<C, S extends CandidateSource> {
  matchesNothing?(value: unknown): boolean;
  cacheKey?(value: unknown): TermKey;
  table?(input: TermInput<unknown, TermKey>, context: C): Sql | undefined;
  condition(input: TermInput<unknown, TermKey>, context: C): Sql;
  readonly isSelective?: boolean;
  source?(input: TermInput<unknown, TermKey>, context: C): S;
}

/** A term whose value comes from several fields of a query. */
export interface SharedTerm<N extends string, V, K extends TermKey, C, S extends CandidateSource> {
  /** Name of the term in the filter. */
  readonly name: N;
  readonly definition: TermDefinition<V, K, C, S>;
}

/**
 * A field of a query, with everything that the search needs to know about it.
 *
 * @typeParam V - value of the term.
 * @typeParam N - name of the term in the filter; `undefined` when it is the name of the field.
 */
export interface FilterField<V, N extends string | undefined, C, S extends CandidateSource> {
  readonly name: N;
  readonly parse: ParseField<unknown>;
  /**
   * Combines the value of this field with `given`, the value that earlier fields have given to the same term. This is a
   * method, like the functions of {@link FilterTerm}, so that TypeScript accepts a field for one type of values as a
   * field for an unknown type.
   */
  merge(parsed: unknown, given: unknown): V | undefined;
  readonly term: FilterTerm<C, S>;
}

/** All fields of a query that filter, by name. */
export type FilterFields<F extends string, C, S extends CandidateSource> = Readonly<
  Record<F, FilterField<unknown, string | undefined, C, S>>
>;

/** Names of the query fields that filter. All other fields set the order and the range of the results. */
export type FilterFieldName<Query> = Exclude<keyof Query & string, 'orderBy' | 'orderDirection' | 'limit' | 'offset'>;

/** Filter of a checked query: the value of every given term by its name. */
export type FilterOf<T> = {
  readonly [F in keyof T as T[F] extends { readonly name: infer N extends string } ? N : F]?: T[F] extends {
    merge(parsed: never, given: never): infer V;
  }
    ? Exclude<V, undefined>
    : never;
};

/** Returns the functions that define the query fields of one kind of record. */
export function fieldsIn<C, S extends CandidateSource>() {
  return {
    /** Defines a field that is a separate term. */
    field: <V, K extends TermKey = TermKey>(
      definition: TermDefinition<V, K, C, S> & { readonly parse: ParseField<V> },
    ): FilterField<V, undefined, C, S> => ({
      name: undefined,
      parse: definition.parse,
      merge: (parsed: V) => parsed,
      term: definition,
    }),

    /** Defines a term whose value comes from several fields. */
    sharedTerm: <N extends string, V, K extends TermKey = TermKey>(
      name: N,
      definition: TermDefinition<V, K, C, S>,
    ): SharedTerm<N, V, K, C, S> => ({ name, definition }),

    /**
     * Defines a field that gives a part of a term's value.
     *
     * @param merge - combines the value of this field with the value that earlier fields have given to the term.
     * Returns undefined when the field filters nothing without them.
     */
    partOf: <N extends string, V, K extends TermKey, P>(
      { name, definition }: SharedTerm<N, V, K, C, S>,
      parse: ParseField<P>,
      merge: (parsed: P, given: V | undefined) => V | undefined,
    ): FilterField<V, N, C, S> => ({ name, parse, merge, term: definition }),
  };
}
