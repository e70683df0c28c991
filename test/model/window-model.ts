import { answers, fails, type Directory, type Outcome, type Prediction } from './prediction';

/** The part of `matches` that a query asks for. */
export function windowed(
  directory: Directory,
  matches: readonly unknown[],
  { limit, offset = 0 }: { readonly limit?: number | undefined; readonly offset?: number | undefined },
  maxResults: number,
): Prediction {
  if (!isCount(limit ?? 0) || !isCount(offset)) return fails(directory, 'INVALID_INPUT');
  const result = matches.slice(offset, limit === undefined ? undefined : offset + limit);
  if (limit !== undefined || matches.length <= maxResults) return answers(directory, result);
  const tooLarge: Outcome = { code: 'RESULT_TOO_LARGE' };
  // Whether what the offset leaves out counts is left open.
  const outcomes = result.length > maxResults ? [tooLarge] : [tooLarge, { result }];
  return { outcomes, next: () => directory };
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
