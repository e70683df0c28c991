import type { Sql } from '../sql/sql';
import type { CandidateSource, FilterTerm, TermInput, TermKey } from './filter-field';

/** Condition (term) of a filter, with the input from which its SQL is composed. */
interface GivenTerm<C, S extends CandidateSource> {
  readonly name: string;
  readonly term: FilterTerm<C, S>;
  readonly input: TermInput<unknown, TermKey>;
}

/** SQL for all filters that have the same cache key. */
export class FilterSql<C, S extends CandidateSource> {
  readonly #terms: readonly GivenTerm<C, S>[];

  constructor(terms: readonly GivenTerm<C, S>[]) {
    this.#terms = terms;
  }

  /** Composes the SQL conditions of the filter. A record matches when all of them are true. */
  conditions(context: C): Sql[] {
    return this.#terms.map(({ term, input }) => term.condition(input, context));
  }

  /** Composes the table expressions that the conditions and the candidate sources of the filter refer to. */
  tables(context: C): Sql[] {
    return this.#terms.map(({ term, input }) => term.table?.(input, context)).filter((table) => table !== undefined);
  }

  /** True when one condition matches few records and the searched table itself has an index for this condition. */
  get isSelective(): boolean {
    return this.#terms.some(({ term }) => term.isSelective === true);
  }

  /** Composes the candidate sources of the filter, the most selective one first, with the names of their conditions. */
  sources(context: C): { readonly name: string; readonly source: S }[] {
    return this.#terms
      .flatMap(({ name, term, input }) => {
        const source = term.source?.(input, context);
        return source === undefined ? [] : [{ name, source }];
      })
      .sort((one, other) => one.source.rank - other.source.rank);
  }

  /**
   * Returns the filter without one condition. The result is the residual filter for the records that the candidate
   * source of this condition has found.
   */
  without(name: string): FilterSql<C, S> {
    return new FilterSql(this.#terms.filter((given) => given.name !== name));
  }

  /**
   * Returns the filter in which the list of a condition contains only one of its elements.
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
