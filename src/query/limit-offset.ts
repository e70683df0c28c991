import { Failure } from '../errors/failure';
import { checkWholeNumber, ifDefined } from '../validation/checks';

/** Limit and offset that a query requests. */
export interface LimitOffset {
  /**
   * Maximum number of results. When undefined, the query returns all results, but fails with more than `maxResults`.
   */
  readonly limit: number | undefined;
  /** Number of results to skip; undefined to skip none. */
  readonly offset: number | undefined;
}

/** Fields of a query that {@link checkLimitOffset} checks. */
export const limitOffsetFields = ['limit', 'offset'] as const;

/**
 * Checks `limit` and `offset` of a query.
 *
 * @throws INVALID_INPUT when one of them is invalid
 */
export function checkLimitOffset(query: { readonly limit?: unknown; readonly offset?: unknown }): LimitOffset {
  const check = (value: unknown, field: string): number => checkWholeNumber(value, field, 0, Number.MAX_SAFE_INTEGER);
  return { limit: ifDefined(query.limit, 'limit', check), offset: ifDefined(query.offset, 'offset', check) };
}

/**
 * Returns the number of rows that a query reads. For a query without a limit, the number is one more than allowed, so
 * that too many results are detected.
 */
export function rowLimit({ limit }: LimitOffset, maxResults: number): number {
  return limit ?? maxResults + 1;
}

/**
 * Checks the number of results: this package never truncates a result.
 *
 * @throws RESULT_TOO_LARGE when a query without a limit matches more than `maxResults` records.
 */
export function checkResultSize({ limit }: LimitOffset, rows: readonly unknown[], maxResults: number): void {
  if (limit === undefined && rows.length > maxResults) {
    throw new Failure('RESULT_TOO_LARGE', `more than ${maxResults} records match: set limit, or read pages`);
  }
}
