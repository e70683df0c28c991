import { resolve } from 'node:path';
import { parseDatabaseUrl } from '../options/database-url';
import { invalidUrl } from '../options/invalid-url';

/** Matches characters in a file URL that some programs decode, or read as the beginning of a query. */
const ambiguous = /[?]|%[0-9a-f]{2}/i;

/** Matches the normal form, which `normaliseDatabaseUrl` returns: nothing in it is encoded. */
const normalForm = /^file:\/\/(?=\/)/;

/** Reports whether a URL names an SQLite database. */
export function isSqliteUrl(url: string): boolean {
  return /^file:/i.test(url) || url === ':memory:';
}

/** Reports whether a URL names a PostgreSQL database. */
export function isPostgresqlUrl(url: string): boolean {
  return /^postgres(?:ql)?:/i.test(url);
}

/**
 * Returns the absolute path of the database file at a URL in the normal form. Any other URL is parsed as the package
 * parses it.
 */
export function toDatabasePath(url: string): string {
  return normalForm.test(url) && !ambiguous.test(url) ? resolve(url.replace(normalForm, '')) : pathOf(url);
}

/**
 * Returns the URL of a database file in the only form that Prisma Migrate and Prisma Studio both understand: `file://`
 * and an absolute path. Studio does not decode the path, so nothing in it is encoded. Returns the URL of a PostgreSQL
 * database unchanged: the engine validates it as the package does, and reports errors with Prisma's code.
 *
 * @throws when the package would reject the URL of a file.
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
