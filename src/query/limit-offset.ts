import { Failure } from '../errors/failure';
import { checkWholeNumber, ifDefined } from '../validation/checks';

/** Requested limit and offset of the results. */
export interface LimitOffset {
  /** Undefined: all, but not more than `maxResults`. */
  readonly limit: number | undefined;
  /** Undefined: from the first one on. */
  readonly offset: number | undefined;
}

/** Fields of a query that {@link checkLimitOffset} checks. */
export const limitOffsetFields = ['limit', 'offset'] as const;

/** Checks `limit` and `offset` of a query. @throws INVALID_INPUT */
export function checkLimitOffset(query: { readonly limit?: unknown; readonly offset?: unknown }): LimitOffset {
  const check = (value: unknown, field: string): number => checkWholeNumber(value, field, 0, Number.MAX_SAFE_INTEGER);
  return { limit: ifDefined(query.limit, 'limit', check), offset: ifDefined(query.offset, 'offset', check) };
}

/** Returns the number of rows to request: one more than allowed shows that there are too many. */
export function rowLimit({ limit }: LimitOffset, maxResults: number): number {
  return limit ?? maxResults + 1;
}

/** @throws RESULT_TOO_LARGE where a query without a limit matched more than it may. Nothing is ever cut silently. */
export function checkResultSize({ limit }: LimitOffset, rows: readonly unknown[], maxResults: number): void {
  if (limit === undefined && rows.length > maxResults) {
    throw new Failure('RESULT_TOO_LARGE', `more than ${maxResults} records match: set limit, or read pages`);
  }
}
