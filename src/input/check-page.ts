import { Failure, invalidInput } from '../errors/failure';
import { checkObject, checkWholeNumber, optional } from './check';
import type { Window } from './check-window';
import type { Checks } from './checks';

/** Which page of what a query matches. */
export interface PageOptions {
  /** `nextCursor` of the page before, of the same query. Default: the first page. */
  after?: string | undefined;
  /** How many records at most, 1 to 1000. Default: 100. */
  size?: number | undefined;
}

/** A part of what a query matches. */
export interface Page<T> {
  readonly items: T[];
  /** Where the next page begins; absent on the last one. */
  readonly nextCursor?: string;
}

const names = new Set(['after', 'size'] as const);
const defaultSize = 100;

/** The most records of a page. */
export const maxPageSize = 1000;

/** Which page is wanted. What the cursor holds is still to be checked. */
export interface PageRequest {
  readonly after: string | undefined;
  readonly size: number;
}

/** Checks which page a caller wants. @throws INVALID_INPUT */
export function checkPage(input: unknown, { limits }: Checks): PageRequest {
  const { after, size } = checkObject(input === undefined ? {} : input, 'page', names);
  const checkSize = (value: unknown, field: string): number => checkWholeNumber(value, field, 1, maxPageSize);
  const checkAfter = (value: unknown, field: string): string => checkCursor(value, field, limits.cursorLength);
  return { after: optional(after, 'after', checkAfter), size: optional(size, 'size', checkSize) ?? defaultSize };
}

function checkCursor(value: unknown, field: string, maxLength: number): string {
  if (typeof value !== 'string') throw invalidInput(field, 'must be a string');
  if (value.length > maxLength) throw invalidInput(field, `must not be longer than ${maxLength} characters`);
  return value;
}

/** How many characters of records are read at a time, to be given one by one. */
const comfortableLength = 16_777_216;

/**
 * Reads a page of `size` records, or of fewer, where so many are long together.
 *
 * @param readPage - fails with RESULT_TOO_LARGE where the page would have more than `maxLength` characters.
 */
export async function asMuchAsFits<T>(
  size: number,
  answerLength: number,
  readPage: (size: number, maxLength: number) => Promise<Page<T>>,
): Promise<Page<T>> {
  try {
    // One record has to be read however long it is.
    return await readPage(size, size === 1 ? answerLength : Math.min(answerLength, comfortableLength));
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'RESULT_TOO_LARGE' || size === 1) throw error;
    return asMuchAsFits(Math.ceil(size / 4), answerLength, readPage);
  }
}

/** @throws INVALID_INPUT where a query that is read in pages, or as a whole, has a limit or an offset of its own. */
export function refuseWindow({ limit, offset }: Window): void {
  if (limit !== undefined) throw invalidInput('limit', 'must not be given here');
  if (offset !== undefined) throw invalidInput('offset', 'must not be given here');
}

/**
 * A page of the rows that were asked for, which were one more than its size: that one tells that there are more.
 *
 * @param cursorAfter - the cursor of the place after a row.
 */
export function toPage<R, T>(
  rows: readonly R[],
  size: number,
  toItem: (row: R) => T,
  cursorAfter: (row: R) => string,
): Page<T> {
  const items = rows.slice(0, size);
  const last = rows.length > size ? items.at(-1) : undefined;
  return { items: items.map(toItem), ...(last === undefined ? undefined : { nextCursor: cursorAfter(last) }) };
}
