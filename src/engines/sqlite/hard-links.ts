import { statSync } from 'node:fs';

/**
 * Returns a warning when the file at `path` has several names (hard links); otherwise undefined. SQLite keeps a
 * separate write-ahead log for each name, so processes that use different names destroy each other's changes.
 */
export function hardLinkWarning(path: string): string | undefined {
  if (countNames(path) <= 1) return undefined;
  return 'the database file has several names (hard links): always open it by the same name, or changes are lost';
}

function countNames(path: string): number {
  try {
    return statSync(path).nlink;
  } catch {
    // Returns no warning for a missing file, because `FileGuard` reports it.
    return 0;
  }
}
