import type { Sql } from '../sql/sql';
import type { SqlValue } from '../sql/statement';
import type { Validator } from '../validation/validator';

/**
 * Function that checks a field of a query. It returns the value in the form in which the database compares it, such as
 * a name in lower case. It returns undefined when the field does not restrict the results, such as `metadata: {}`.
 *
 * @throws INVALID_INPUT when the value is invalid
 */
export type ParseField<V> = (value: unknown, field: string, checks: Validator) => V | undefined;

/** Part of a query's cache key that comes from one condition: plain data. */
export type TermKey = string | number | boolean | { readonly [property: string]: TermKey };

/**
 * Input from which the SQL of one query condition is composed. It contains the cache key but not the value. Therefore
 * the SQL text depends only on the cache key, and queries with equal keys share the text.
 */
export interface TermInput<V, K extends TermKey> {
  readonly cacheKey: K;
  /** Composes a bound parameter. `read` returns the value of the parameter for each call. */
  readonly bind: (read: (value: V) => SqlValue) => Sql;
}

/** Index by which the records that match one query condition can be found. */
export interface CandidateSource {
  /** Rank of the index: the fewer records it is expected to find, the lower. A query tries the lowest rank first. */
  readonly rank: number;
}

/**
 * One condition (term) of a query, such as the owner of an agent, with its validation, its cache key and its SQL.
 *
 * @typeParam V - value of the condition.
 * @typeParam K - part of the cache key that comes from the condition.
 * @typeParam C - context from which the SQL is composed: the dialect, and for some kinds of records more.
 * @typeParam S - candidate source.
 */
export interface TermDefinition<V, K extends TermKey, C, S extends CandidateSource> {
  /**
   * Reports whether no record can match the value of the condition. Without this function, only an empty text or list
   * matches no record.
   */
  readonly matchesNothing?: (value: V) => boolean;
  /**
   * Returns all properties of the condition's value that the SQL text depends on. Without this function, the text is
   * the same for all values.
   */
  readonly cacheKey?: (value: V) => K;
  /** Composes a table expression that `condition` and `source` refer to; undefined when they need none. */
  readonly table?: (input: TermInput<V, K>, context: C) => Sql | undefined;
  readonly condition: (input: TermInput<V, K>, context: C) => Sql;
  /**
   * True when few records match the condition and the searched table itself has an index for it. Then no candidate
   * source is needed.
   */
  readonly isSelective?: boolean;
  /** Composes the candidate source of the condition. Absent when no index can find the matching records. */
  readonly source?: (input: TermInput<V, K>, context: C) => S;
}

/**
 * Condition (term) of a query whose value has an unknown type. Its functions are declared as methods, because
 * TypeScript does not compare the parameter types of methods strictly. Therefore a condition on strings is also a
 * `FilterTerm`. This is safe, because each condition receives only the values of its own fields.
 */
export interface FilterTerm<C, S extends CandidateSource> {
  matchesNothing?(value: unknown): boolean;
  cacheKey?(value: unknown): TermKey;
  table?(input: TermInput<unknown, TermKey>, context: C): Sql | undefined;
  condition(input: TermInput<unknown, TermKey>, context: C): Sql;
  readonly isSelective?: boolean;
  source?(input: TermInput<unknown, TermKey>, context: C): S;
}

/** Condition (term) whose value comes from several fields of a query, such as `id` and `ids`. */
export interface SharedTerm<N extends string, V, K extends TermKey, C, S extends CandidateSource> {
  /** Name of the condition in the filter. */
  readonly name: N;
  readonly definition: TermDefinition<V, K, C, S>;
}

/**
 * Field of a query, with the condition (term) that it sets and the check of its value.
 *
 * @typeParam V - value of the condition.
 * @typeParam N - name of the condition in the filter; `undefined` when it has the name of the field.
 */
export interface FilterField<V, N extends string | undefined, C, S extends CandidateSource> {
  readonly name: N;
  readonly parse: ParseField<unknown>;
  /**
   * Combines the value of this field with `given`, the value that earlier fields have set for the same condition. It is
   * a method for the same reason as the functions of {@link FilterTerm}.
   */
  merge(parsed: unknown, given: unknown): V | undefined;
  readonly term: FilterTerm<C, S>;
}

/** All fields of a query that restrict its results, by the names of the fields. */
export type FilterFields<F extends string, C, S extends CandidateSource> = Readonly<
  Record<F, FilterField<unknown, string | undefined, C, S>>
>;

/** Names of the query fields that restrict the results. The other fields set the order and the range of the results. */
export type FilterFieldName<Query> = Exclude<keyof Query & string, 'orderBy' | 'orderDirection' | 'limit' | 'offset'>;

/** Filter of a validated query: the values of its conditions, by the names of the conditions. */
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
    /** Defines a query field that sets a condition which no other field sets. */
    field: <V, K extends TermKey = TermKey>(
      definition: TermDefinition<V, K, C, S> & { readonly parse: ParseField<V> },
    ): FilterField<V, undefined, C, S> => ({
      name: undefined,
      parse: definition.parse,
      merge: (parsed: V) => parsed,
      term: definition,
    }),

    /** Defines a condition whose value comes from several query fields. */
    sharedTerm: <N extends string, V, K extends TermKey = TermKey>(
      name: N,
      definition: TermDefinition<V, K, C, S>,
    ): SharedTerm<N, V, K, C, S> => ({ name, definition }),

    /**
     * Defines a query field that sets a part of the value of a condition.
     *
     * @param merge - combines the value of this field with the value that earlier fields have set for the condition.
     * Returns undefined when the field alone does not restrict the results.
     */
    partOf: <N extends string, V, K extends TermKey, P>(
      { name, definition }: SharedTerm<N, V, K, C, S>,
      parse: ParseField<P>,
      merge: (parsed: P, given: V | undefined) => V | undefined,
    ): FilterField<V, N, C, S> => ({ name, parse, merge, term: definition }),
  };
}
