/**
 * Sorts ids in place by code point, as both database engines do. For ids without surrogates, the default order of
 * JavaScript (by UTF-16 code unit) is the same, and much faster.
 */
export function sortByCodePoint(ids: string[]): string[] {
  if (!ids.some((id) => /[\ud800-\udfff]/.test(id))) return ids.sort();
  return ids.sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
}
