import { Failure, invalidInput } from '../errors/failure';
import type { AnswerBounds } from '../sql/answer-size';
import { checkObject, checkWholeNumber, ifDefined } from '../validation/checks';
import { answerBounds } from '../validation/limits';
import type { Validator } from '../validation/validator';
import type { LimitOffset } from './limit-offset';

/** Options of a page of query results. */
export interface PageOptions {
  /**
   * Cursor after which the page begins: `nextCursor` of the previous page of the same query.
   *
   * @defaultValue the first page
   */
  after?: string | undefined;
  /**
   * Maximum number of records on the page, from 1 to 1000.
   *
   * @defaultValue 100
   */
  size?: number | undefined;
}

/** A page of a query's results. */
export interface Page<T> {
  /** Records of the page, in the order of the query. */
  readonly items: T[];
  /** Cursor for requesting the next page; absent on the last page. */
  readonly nextCursor?: string;
}

const pageFields = new Set(['after', 'size'] as const);
const defaultSize = 100;
const maxSize = 1000;

/** Requested page of a query. The content of the cursor is checked later, because the check needs the query. */
export interface PageRequest {
  readonly after: string | undefined;
  readonly size: number;
  /** Maximum size of the page. The call fails with RESULT_TOO_LARGE for a larger page. */
  readonly bounds: AnswerBounds;
}

/**
 * Checks the options of a page of results.
 *
 * @throws INVALID_INPUT when they are invalid
 */
export function checkPage(input: unknown, { limits }: Validator): PageRequest {
  const { after, size } = checkObject(input === undefined ? {} : input, 'page', pageFields);
  const checkSize = (value: unknown, field: string): number => checkWholeNumber(value, field, 1, maxSize);
  const checkAfter = (value: unknown, field: string): string => checkCursor(value, field, limits.cursorLength);
  return {
    after: ifDefined(after, 'after', checkAfter),
    size: ifDefined(size, 'size', checkSize) ?? defaultSize,
    bounds: answerBounds(limits),
  };
}

function checkCursor(value: unknown, field: string, maxLength: number): string {
  if (typeof value !== 'string') throw invalidInput(field, 'must be a string');
  if (value.length > maxLength) throw invalidInput(field, `must have at most ${maxLength} characters`);
  return value;
}

/**
 * Maximum number of records that an iteration reads at a time. `iterationLength` is the maximum number of their
 * characters.
 */
const iterationSize = 500;
const iterationLength = 16_777_216;

/** Yields the records of a query one by one. Reads the records in pages. */
export async function* recordsOf<T>(
  readPage: (after: string | undefined) => Promise<Page<T>>,
): AsyncGenerator<T, void, void> {
  for (let after: string | undefined; ;) {
    const { items, nextCursor } = await readPage(after);
    yield* items;
    if (nextCursor === undefined) return;
    after = nextCursor;
  }
}

/** Reads the next page of an iteration. Reads fewer records when they are too long for one page. */
export function readAhead<T>(
  after: string | undefined,
  { limits }: Validator,
  readPage: (request: PageRequest) => Promise<Page<T>>,
): Promise<Page<T>> {
  const read = async (size: number): Promise<Page<T>> => {
    try {
      // A page of one record needs no bound of its length: the limits of the fields already bound one record.
      const bounds = answerBounds(limits, size === 1 ? Infinity : iterationLength);
      return await readPage({ after, size, bounds });
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'RESULT_TOO_LARGE' || size === 1) throw error;
      return read(Math.ceil(size / 4));
    }
  };
  return read(iterationSize);
}

/**
 * Refuses `limit` and `offset` in a query that is read in pages.
 *
 * @throws INVALID_INPUT when the query has a limit or an offset
 */
export function refuseLimitOffset({ limit, offset }: LimitOffset): void {
  if (limit !== undefined) throw invalidInput('limit', 'must not be given for a query that is read in pages');
  if (offset !== undefined) throw invalidInput('offset', 'must not be given for a query that is read in pages');
}

/**
 * Returns the page that contains the records which a query has found.
 *
 * @param records - found records; one more than `size` when there is a next page.
 * @param cursorAfter - returns the cursor of the position after a record.
 */
export function toPage<T>(records: readonly T[], size: number, cursorAfter: (record: T) => string): Page<T> {
  const items = records.slice(0, size);
  const last = records.length > size ? items.at(-1) : undefined;
  return { items, ...(last === undefined ? undefined : { nextCursor: cursorAfter(last) }) };
}
