import { answers, fails, type Directory, type Outcome, type Prediction } from './prediction';

interface Window {
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
}

/** Predicts the part of `matches` that `limit` and `offset` select. */
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
  // The contract does not define whether skipped matches count towards `maxResults`.
  const outcomes = result.length > maxResults ? [tooLarge] : [tooLarge, { result }];
  return { outcomes, next: () => directory };
}

/**
 * Predicts the number of matches, which does not depend on `limit` and `offset`. The contract does not define whether
 * invalid values of them are refused.
 */
export function counted(directory: Directory, matches: readonly unknown[], window: Window): Prediction {
  const wrong: Outcome[] = isWindowRight(window) ? [] : [{ code: 'INVALID_INPUT' }];
  return { outcomes: [{ result: matches.length }, ...wrong], next: () => directory };
}

/** Predicts a query that is read page by page or one by one, and that refuses `limit` and `offset`. */
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
