import type { Sql } from '../sql/sql';
import type { CandidateSource, FilterTerm, TermInput, TermKey } from './filter-field';

/** A term of a filter, with the input from which its SQL is composed. */
interface GivenTerm<C, S extends CandidateSource> {
  readonly name: string;
  readonly term: FilterTerm<C, S>;
  readonly input: TermInput<unknown, TermKey>;
}

/** SQL of the filters that have the same cache key. */
export class FilterSql<C, S extends CandidateSource> {
  readonly #terms: readonly GivenTerm<C, S>[];

  constructor(terms: readonly GivenTerm<C, S>[]) {
    this.#terms = terms;
  }

  /** Composes one condition for each term. All of them must be true for a record to match. */
  conditions(context: C): Sql[] {
    return this.#terms.map(({ term, input }) => term.condition(input, context));
  }

  /** Composes the table expressions that the conditions and the candidate sources refer to. */
  tables(context: C): Sql[] {
    return this.#terms.map(({ term, input }) => term.table?.(input, context)).filter((table) => table !== undefined);
  }

  /** True when one of the terms matches few records and the searched table itself has an index for it. */
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
   * Returns the filter without one term. The result is the residual filter for the records that the term's candidate
   * source has found.
   */
  without(name: string): FilterSql<C, S> {
    return new FilterSql(this.#terms.filter((given) => given.name !== name));
  }

  /**
   * Returns the filter in which the list of a term contains only one of its elements.
   *
   * @param index - position of this element in the list.
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
