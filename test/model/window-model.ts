import { answers, fails, type Directory, type Outcome, type Prediction } from './prediction';

interface Window {
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
}

/** The part of `matches` that a query asks for. */
export function windowed(
  directory: Directory,
  matches: readonly unknown[],
  { limit, offset = 0 }: Window,
  maxResults: number,
): Prediction {
  if (!isWindowRight({ limit, offset })) return fails(directory, 'INVALID_INPUT');
  const result = matches.slice(offset, limit === undefined ? undefined : offset + limit);
  if (limit !== undefined || matches.length <= maxResults) return answers(directory, result);
  const tooLarge: Outcome = { code: 'RESULT_TOO_LARGE' };
  // Whether what the offset leaves out counts is left open.
  const outcomes = result.length > maxResults ? [tooLarge] : [tooLarge, { result }];
  return { outcomes, next: () => directory };
}

/** A query that is counted: `limit` and `offset` do not matter; whether they have to be right is left open. */
export function counted(directory: Directory, matches: readonly unknown[], window: Window): Prediction {
  const wrong: Outcome[] = isWindowRight(window) ? [] : [{ code: 'INVALID_INPUT' }];
  return { outcomes: [{ result: matches.length }, ...wrong], next: () => directory };
}

/** A query that is read page by page, or one by one: `limit` and `offset` are refused. */
export function walked(
  directory: Directory,
  matches: readonly unknown[],
  { limit, offset }: Window,
  size = 100,
): Prediction {
  const isRight = Number.isInteger(size) && size >= 1 && size <= 1000;
  if (!isRight || limit !== undefined || offset !== undefined) return fails(directory, 'INVALID_INPUT');
  return answers(directory, matches);
}

function isWindowRight({ limit = 0, offset = 0 }: Window): boolean {
  return isCount(limit) && isCount(offset);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
