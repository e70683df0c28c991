import { Failure, invalidInput } from '../errors/failure';
import { answerBounds } from '../validation/limits';
import type { AnswerBounds } from '../sql/answer-size';
import { checkObject, checkWholeNumber, ifDefined } from '../validation/checks';
import type { LimitOffset } from './limit-offset';
import type { Validator } from '../validation/validator';

/** Options of a page of the results. */
export interface PageOptions {
  /** `nextCursor` of the page before, of the same query. Default: the first page. */
  after?: string | undefined;
  /** Maximum number of records, 1 to 1000. Default: 100. */
  size?: number | undefined;
}

/** A part of what a query matches. */
export interface Page<T> {
  readonly items: T[];
  /** Cursor of the next page; absent on the last page. */
  readonly nextCursor?: string;
}

const names = new Set(['after', 'size'] as const);
const defaultSize = 100;

/** The most records of a page. */
const maxPageSize = 1000;

/** Requested page. The content of the cursor is not checked yet. */
export interface PageRequest {
  readonly after: string | undefined;
  readonly size: number;
  /** Bounds of the page; a larger page fails with RESULT_TOO_LARGE. */
  readonly bounds: AnswerBounds;
}

/** Checks which page a caller wants. @throws INVALID_INPUT */
export function checkPage(input: unknown, { limits }: Validator): PageRequest {
  const { after, size } = checkObject(input === undefined ? {} : input, 'page', names);
  const checkSize = (value: unknown, field: string): number => checkWholeNumber(value, field, 1, maxPageSize);
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

/** Maximum number of records, and of their characters, that an iteration reads at a time. */
const iterationSize = 500;
const iterationLength = 16_777_216;

/** Gives the records of a query one by one, reading them in pages. */
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

/** Reads a page as large as is good to be given one by one: of fewer records where they are long. */
export function readAhead<T>(
  after: string | undefined,
  { limits }: Validator,
  readPage: (request: PageRequest) => Promise<Page<T>>,
): Promise<Page<T>> {
  const read = async (size: number): Promise<Page<T>> => {
    try {
      // One record has to be read however long it is.
      const bounds = answerBounds(limits, size === 1 ? Infinity : iterationLength);
      return await readPage({ after, size, bounds });
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'RESULT_TOO_LARGE' || size === 1) throw error;
      return read(Math.ceil(size / 4));
    }
  };
  return read(iterationSize);
}

/** @throws INVALID_INPUT where a query that is read in pages, or as a whole, has a limit or an offset of its own. */
export function refuseLimitOffset({ limit, offset }: LimitOffset): void {
  if (limit !== undefined) throw invalidInput('limit', 'must not be given here');
  if (offset !== undefined) throw invalidInput('offset', 'must not be given here');
}

/**
 * Returns a page of the found records. The query reads one more record than the page size: it shows that there is a
 * next page.
 *
 * @param cursorAfter - returns the cursor of the position after a record.
 */
export function toPage<T>(records: readonly T[], size: number, cursorAfter: (record: T) => string): Page<T> {
  const items = records.slice(0, size);
  const last = records.length > size ? items.at(-1) : undefined;
  return { items, ...(last === undefined ? undefined : { nextCursor: cursorAfter(last) }) };
}
