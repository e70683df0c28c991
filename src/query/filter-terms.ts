import type { Bind } from '../sql/cached-statement';
import type { Validator } from '../validation/validator';
import type {
  CandidateSource,
  FilterField,
  FilterFields,
  FilterOf,
  FilterTerm,
  TermInput,
  TermKey,
} from './filter-field';
import { FilterSql } from './filter-sql';

/**
 * Cache key of a filter: one part for each given condition, by its name. The part is 1 for a condition whose SQL is the
 * same for all values.
 */
export type FilterKey = Readonly<Record<string, TermKey>>;

/** Query field with the name of the condition that it sets. */
interface NamedField<C, S extends CandidateSource> {
  readonly field: string;
  readonly name: string;
  readonly definition: FilterField<unknown, string | undefined, C, S>;
}

/** Condition (term) with its name in the filter. */
interface NamedTerm<C, S extends CandidateSource> {
  readonly name: string;
  readonly term: FilterTerm<C, S>;
}

/**
 * Conditions of the filters for one kind of record, created from a table of query fields. The conditions have the order
 * of this table.
 *
 * @typeParam T - type of the table.
 */
export class FilterTerms<T extends FilterFields<string, C, S>, C, S extends CandidateSource> {
  /** Names of the query fields. */
  readonly fields: readonly (keyof T & string)[];
  readonly #fields: readonly NamedField<C, S>[];
  readonly #terms: readonly NamedTerm<C, S>[];

  constructor(table: T) {
    this.fields = Object.keys(table);
    this.#fields = Object.entries<NamedField<C, S>['definition']>(table).map(([field, definition]) => ({
      field,
      name: definition.name ?? field,
      definition,
    }));
    const terms = new Map(this.#fields.map(({ name, definition }) => [name, definition.term]));
    this.#terms = Array.from(terms, ([name, term]) => ({ name, term }));
  }

  /**
   * Checks all fields of a query. Continues after a field that excludes every record, so that an invalid field is
   * always reported.
   *
   * @returns the filter without absent fields; null when no record can match.
   * @throws INVALID_INPUT when a field is invalid
   */
  parse(query: Readonly<Partial<Record<string, unknown>>>, checks: Validator): FilterOf<T> | null {
    const filter: Record<string, unknown> = {};
    for (const { field, name, definition } of this.#fields) {
      const given = query[field];
      if (given === undefined) continue;
      const parsed = definition.parse(given, field, checks);
      if (parsed === undefined) continue;
      const value = definition.merge(parsed, filter[name]);
      if (value !== undefined) filter[name] = value;
    }
    if (this.#matchesNothing(filter)) return null;
    // The cast is safe: each value comes from the query field that determines its type.
    return filter as FilterOf<T>;
  }

  /** Returns the cache key of a filter: everything that its SQL text depends on. */
  cacheKeyOf(filter: FilterOf<T>): FilterKey {
    const values: Readonly<Record<string, unknown>> = filter;
    const key: Record<string, TermKey> = {};
    for (const { name, term } of this.#terms) {
      const value = values[name];
      if (value !== undefined) key[name] = term.cacheKey?.(value) ?? 1;
    }
    return key;
  }

  /** Composes the SQL for all filters that have the cache key `key`. */
  toSql(key: FilterKey, bind: Bind<{ readonly filter: FilterOf<T> }>): FilterSql<C, S> {
    const given = this.#terms.flatMap(({ name, term }) => {
      const cacheKey = key[name];
      if (cacheKey === undefined) return [];
      const bindTerm: TermInput<unknown, TermKey>['bind'] = (read) =>
        bind(({ filter }) => read((filter as Readonly<Record<string, unknown>>)[name]));
      return [{ name, term, input: { cacheKey, bind: bindTerm } }];
    });
    return new FilterSql(given);
  }

  #matchesNothing(filter: Readonly<Record<string, unknown>>): boolean {
    for (const { name, term } of this.#terms) {
      const value = filter[name];
      if (value !== undefined && (term.matchesNothing?.(value) ?? isEmpty(value))) return true;
    }
    return false;
  }
}

// Reports whether a value matches nothing, as an empty text or list does. An empty `owner` must not be ignored, because
// the query would then return the agents of all owners.
function isEmpty(value: unknown): boolean {
  return value === '' || (Array.isArray(value) && value.length === 0);
}
