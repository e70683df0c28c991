import type { Sql } from '../sql/sql';
import type { SqlValue } from '../sql/statement';
import type { Validator } from '../validation/validator';

/**
 * Checks a field of a query. Returns its value in the form in which the database compares it, such as a folded name.
 * Returns undefined when the field does not restrict the results, such as `metadata: {}`.
 *
 * @throws INVALID_INPUT when the value is invalid
 */
export type ParseField<V> = (value: unknown, field: string, checks: Validator) => V | undefined;

/** Part of a cache key that comes from one term: plain data. */
export type TermKey = string | number | boolean | { readonly [property: string]: TermKey };

/**
 * Input from which the SQL of a term is composed. It contains the cache key and not the value. Therefore the SQL text
 * can depend only on the cache key, and queries with equal keys can share the text.
 */
export interface TermInput<V, K extends TermKey> {
  readonly cacheKey: K;
  /** Composes a bound parameter. For each call, `read` returns the value of the parameter. */
  readonly bind: (read: (value: V) => SqlValue) => Sql;
}

/** Index with which the records of one term can be found. */
export interface CandidateSource {
  /** Estimate of how few records the source finds. The source with the lowest rank is tried first. */
  readonly rank: number;
}

/**
 * One condition of a query, such as the owner of an agent, with its validation, its cache key and its SQL.
 *
 * @typeParam V - value of the condition.
 * @typeParam K - the term's part of the cache key.
 * @typeParam C - context of the SQL: the dialect, and for some kinds of records more.
 * @typeParam S - candidate source.
 */
export interface TermDefinition<V, K extends TermKey, C, S extends CandidateSource> {
  /**
   * Reports whether no record can match the value. Without this function, only an empty text or list matches no record.
   */
  readonly matchesNothing?: (value: V) => boolean;
  /**
   * Returns all properties of the value that the SQL text depends on. Without this function, all values have the same
   * text.
   */
  readonly cacheKey?: (value: V) => K;
  /** Composes a table expression that `condition` and `source` refer to; undefined when they refer to none. */
  readonly table?: (input: TermInput<V, K>, context: C) => Sql | undefined;
  readonly condition: (input: TermInput<V, K>, context: C) => Sql;
  /**
   * True when few records match, and the searched table itself has an index for the condition. Then no candidate source
   * is needed.
   */
  readonly isSelective?: boolean;
  /** Composes the candidate source. Absent when no index can find the records. */
  readonly source?: (input: TermInput<V, K>, context: C) => S;
}

/**
 * A term whose type of values is unknown. Its functions are declared as methods, because TypeScript does not compare
 * the parameter types of methods strictly: then a term for strings is also a `FilterTerm`. This is safe, because each
 * term receives only the values of its own fields.
 */
export interface FilterTerm<C, S extends CandidateSource> {
  matchesNothing?(value: unknown): boolean;
  cacheKey?(value: unknown): TermKey;
  table?(input: TermInput<unknown, TermKey>, context: C): Sql | undefined;
  condition(input: TermInput<unknown, TermKey>, context: C): Sql;
  readonly isSelective?: boolean;
  source?(input: TermInput<unknown, TermKey>, context: C): S;
}

/** A term whose value comes from several fields of a query, such as `id` and `ids`. */
export interface SharedTerm<N extends string, V, K extends TermKey, C, S extends CandidateSource> {
  /** Name of the term in the filter. */
  readonly name: N;
  readonly definition: TermDefinition<V, K, C, S>;
}

/**
 * A field of a query, with everything that a search needs to know about it.
 *
 * @typeParam V - value of the term.
 * @typeParam N - name of the term in the filter; `undefined` when the term has the name of the field.
 */
export interface FilterField<V, N extends string | undefined, C, S extends CandidateSource> {
  readonly name: N;
  readonly parse: ParseField<unknown>;
  /**
   * Combines the value of this field with `given`, the value that earlier fields have set for the same term. This is a
   * method for the same reason as the functions of {@link FilterTerm}.
   */
  merge(parsed: unknown, given: unknown): V | undefined;
  readonly term: FilterTerm<C, S>;
}

/** All fields of a query that restrict its results, by name. */
export type FilterFields<F extends string, C, S extends CandidateSource> = Readonly<
  Record<F, FilterField<unknown, string | undefined, C, S>>
>;

/** Names of the query fields that restrict the results. The other fields set the order and the range of the results. */
export type FilterFieldName<Query> = Exclude<keyof Query & string, 'orderBy' | 'orderDirection' | 'limit' | 'offset'>;

/** Filter of a checked query: the values of the given terms, by the names of the terms. */
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
     * Defines a field that sets a part of a term's value.
     *
     * @param merge - combines the value of this field with the value that earlier fields have set for the term. Returns
     * undefined when the field alone does not restrict the results.
     */
    partOf: <N extends string, V, K extends TermKey, P>(
      { name, definition }: SharedTerm<N, V, K, C, S>,
      parse: ParseField<P>,
      merge: (parsed: P, given: V | undefined) => V | undefined,
    ): FilterField<V, N, C, S> => ({ name, parse, merge, term: definition }),
  };
}
