import type { Sql } from '../sql/sql';
import type { CandidateSource, FilterTerm, TermInput, TermKey } from './filter-field';

/** A term of a filter, with the input from which its SQL is composed. */
interface GivenTerm<C, S extends CandidateSource> {
  readonly name: string;
  readonly term: FilterTerm<C, S>;
  readonly input: TermInput<unknown, TermKey>;
}

/** SQL of all filters with one cache key. */
export class FilterSql<C, S extends CandidateSource> {
  readonly #terms: readonly GivenTerm<C, S>[];

  constructor(terms: readonly GivenTerm<C, S>[]) {
    this.#terms = terms;
  }

  /** Composes one condition for each term. All of them must be true for a record to match. */
  conditions(context: C): Sql[] {
    return this.#terms.map(({ term, input }) => term.condition(input, context));
  }

  /** Composes the table expressions that the conditions and the sources refer to. */
  tables(context: C): Sql[] {
    return this.#terms.map(({ term, input }) => term.table?.(input, context)).filter((table) => table !== undefined);
  }

  /** True when an index of the searched table finds few records by one of the terms. */
  get isSelective(): boolean {
    return this.#terms.some(({ term }) => term.isSelective === true);
  }

  /** Composes the candidate sources, the most selective one first, with the names of their terms. */
  sources(context: C): { readonly name: string; readonly source: S }[] {
    return this.#terms
      .flatMap(({ name, term, input }) => {
        const source = term.source?.(input, context);
        return source === undefined ? [] : [{ name, source }];
      })
      .sort((one, other) => one.source.rank - other.source.rank);
  }

  /**
   * Returns the filter without one term. It is the residual filter for the records that the term's source has found.
   */
  without(name: string): FilterSql<C, S> {
    return new FilterSql(this.#terms.filter((given) => given.name !== name));
  }

  /**
   * Returns the filter with a list of one element in place of the list of a term.
   *
   * @param index - position of the element in the list.
   */
  withElement(name: string, index: number): FilterSql<C, S> {
    return new FilterSql(
      this.#terms.map((given) => (given.name === name ? { ...given, input: elementOf(given.input, index) } : given)),
    );
  }
}

function elementOf({ bind }: TermInput<unknown, TermKey>, index: number): TermInput<unknown, TermKey> {
  return {
    cacheKey: 1,
    bind: (read) => bind((value) => read(Array.isArray(value) ? [value[index]] : value)),
  };
}
