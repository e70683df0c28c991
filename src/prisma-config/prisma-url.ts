import { resolve } from 'node:path';
import { parseDatabaseUrl } from '../options/database-url';
import { invalidUrl } from '../options/invalid-url';

/** Matches characters of a file URL that some programs decode, or read as the beginning of a query. */
const ambiguous = /[?]|%[0-9a-f]{2}/i;

/**
 * Matches a file URL in the normal form that `normaliseDatabaseUrl` returns: `file://` and an absolute path without
 * escapes.
 */
const normalForm = /^file:\/\/(?=\/)/;

/** Reports whether a URL names a SQLite database. */
export function isSqliteUrl(url: string): boolean {
  return /^file:/i.test(url) || url === ':memory:';
}

/** Reports whether a URL names a PostgreSQL database. */
export function isPostgresqlUrl(url: string): boolean {
  return /^postgres(?:ql)?:/i.test(url);
}

/**
 * Returns the absolute path of the database file that a URL names. Reads a URL in the form of `normaliseDatabaseUrl`
 * without decoding it, and any other URL like the option `url`.
 */
export function toDatabasePath(url: string): string {
  return normalForm.test(url) && !ambiguous.test(url) ? resolve(url.replace(normalForm, '')) : pathOf(url);
}

/**
 * Returns the URL of a database file in the only form that both Prisma Migrate and Prisma Studio understand: `file://`
 * and an absolute path. The path has no escapes, because Studio does not decode them. Returns the URL of a PostgreSQL
 * database unchanged, because the schema engine validates it later.
 *
 * @throws INVALID_OPTIONS when this package rejects the URL of the file.
 */
export function normaliseDatabaseUrl(url: string): string {
  if (!isSqliteUrl(url)) return url;
  const path = pathOf(url);
  if (ambiguous.test(path))
    throw invalidUrl('url', 'must not have ? or percent-encoded characters in its path, for Prisma');
  return `file://${path}`;
}

function pathOf(url: string): string {
  const location = parseDatabaseUrl(url);
  if (location.kind !== 'file') throw invalidUrl('url', 'must name a database in a file, not in memory, for Prisma');
  return location.path;
}
